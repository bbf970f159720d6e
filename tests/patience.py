"""The time limit for waiting in tests; it ends tests that hang and does not measure speed."""

PATIENCE = 240.0
"""Seconds; below pytest's own limit, so that the failure names the awaited condition."""
