"""Events, wishes and folding hold with USE_TZ off and a time zone of the host's own."""

from __future__ import annotations

import subprocess
import sys

from tests.patience import PATIENCE

FILES = (
    "tests/webapp/layouts/test_feedback.py",
    "tests/webapp/layouts/test_events.py",
    "tests/webapp/subjects/test_folding.py",
)


def test_the_tests_of_events_pass_without_time_zones():
    """But for those that sign in: their clock hands Django itself aware times."""
    command = [sys.executable, "-m", "pytest", "--ds=tests.webapp.naive_times", *FILES]
    done = subprocess.run(
        [*command, "-q", "-k", "not a_session_needs", "-p", "no:cacheprovider"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout[-3000:]
