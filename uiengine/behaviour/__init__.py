"""What is known of a user and of everybody on a page: profile, feedback, popularity."""
