"""Runs a test in a process of its own on PostgreSQL, where the tests' database is another one.

A run of the tests on PostgreSQL has the test itself, and so has the one that CI makes beside the
run on SQLite: neither needs a second process for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


def is_on_postgresql() -> bool:
    return os.environ.get("DATABASE_URL", "").startswith("postgres")


def has_no_other_run() -> bool:
    return not is_on_postgresql() and not os.environ.get("CI")


def run_on_postgresql(name: str, **environment: str) -> None:
    """Skips without PostgreSQL. name: a file or a test in it."""
    from tests.webapp.deploy.place import fresh_database  # needs psycopg, which a host may lack

    with fresh_database() as address:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", name],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": address, **environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.startswith("."), done.stdout[-3000:]
