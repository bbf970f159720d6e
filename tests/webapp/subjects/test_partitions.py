"""Monthly partitions in PostgreSQL: created ahead, dropped as a whole, each event counted once."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import connection

from tests.webapp.on_postgresql import has_no_other_run, run_on_postgresql
from webapp.subjects.partitions import month_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_months_follow_one_another_over_the_year():
    at = datetime(2026, 11, 21, 9, tzinfo=UTC)

    names = [month_of(at, n).name[-7:] for n in range(-11, 3)]

    assert names[0] == "2025_12" and names[-3:] == ["2026_11", "2026_12", "2027_01"]
    assert month_of(at, 1).end == datetime(2027, 1, 1, tzinfo=UTC)


if has_no_other_run():

    def test_months_hold_on_postgresql():
        run_on_postgresql("tests/webapp/subjects/test_partitions_on_postgres.py")


def test_the_command_says_what_there_is(page):
    out = io.StringIO()

    call_command("event_months", stdout=out)

    here = "subjects_event_" if connection.vendor == "postgresql" else "one table"
    assert here in out.getvalue()
