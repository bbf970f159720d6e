"""Whoever folds, accepts, erases or merges locks rows of people in one order."""

from __future__ import annotations

from tests.webapp.on_postgresql import has_no_other_run, run_on_postgresql

if has_no_other_run():

    def test_nobody_waits_in_a_circle_on_postgresql():
        run_on_postgresql("tests/webapp/subjects/test_locks_on_postgres.py")
