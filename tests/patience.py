"""The time limit for waiting in tests; it ends tests that hang and does not measure speed."""

import pytest

PATIENCE = 240.0
"""Seconds; below pytest's own limit, so that the failure names the awaited condition."""

within_its_seconds = pytest.mark.flaky(reruns=2, reruns_delay=5, only_rerun=["AssertionError"])
"""For a promise in seconds, which other work on the machine can break by itself: asked again.

What waits where it must not does so each time, and fails.
"""
