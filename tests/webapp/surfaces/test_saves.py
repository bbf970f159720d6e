"""Of two who save a surface at the same time, the second is told."""

from __future__ import annotations

from tests.webapp.on_postgresql import has_no_other_run, run_on_postgresql

if has_no_other_run():

    def test_the_second_of_two_saves_is_told_on_postgresql():
        run_on_postgresql("tests/webapp/surfaces/test_saves_on_postgres.py")
