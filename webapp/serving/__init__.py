"""Keeps pages and versions in this process's memory, and renews them outside requests."""
