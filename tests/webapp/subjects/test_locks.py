"""Whoever folds, accepts, erases or merges locks rows of people in one order."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.patience import PATIENCE
from tests.webapp.deploy.place import ROOT, fresh_database


def test_nobody_waits_in_a_circle_on_postgresql():
    """Runs for any database of this process; skips without PostgreSQL, except in CI."""
    with fresh_database() as address:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "tests/webapp/subjects/locks_on_postgres.py",
        ]
        env = {**os.environ, "DATABASE_URL": address}
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=PATIENCE
        )
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.startswith("..")
