"""Behaviour of one user and of all users of a page: profile, feedback, popularity."""
