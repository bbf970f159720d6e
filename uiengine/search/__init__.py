"""Searches for the order of least energy within the rules."""
