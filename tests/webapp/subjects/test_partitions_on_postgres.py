"""Tests monthly event partitions and prepared statements on PostgreSQL.

`test_partitions` runs this file in a separate process.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from tests.patience import PATIENCE
from webapp.lib import database
from webapp.privacy import retention
from webapp.subjects import partitions
from webapp.subjects.models import Erasure, Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def months(page, clock):
    """Partitions of this and the next month by the test's clock, removed afterwards."""
    made = partitions.months_make(now=clock.now)
    yield made
    for month in partitions.months():
        if month.start.year < 2026 or month.name in made:
            Event.objects.all().delete()
            partitions.months_drop(before=month.end)


@pytest.fixture
def connected():
    """A connection used by this test only."""
    connection.close()
    yield connection
    connection.close()


def _runs() -> dict[str, int]:
    """Returns how often this connection ran each prepared statement that reads a profile."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, generic_plans + custom_plans FROM pg_prepared_statements "
            "WHERE statement LIKE '%subjects_profile%'"
        )
        return dict(cursor.fetchall())


def test_a_subject_is_read_by_a_statement_that_is_planned_once(owner, connected):
    for _ in range(3):
        cache.clear()
        assert owner.layout()["status"] == "adapted"
    assert list(_runs().values()) == [2], "planning is a roundtrip, which pays from the second on"

    connection.close()
    for _ in range(2):
        cache.clear()
        owner.layout()
    assert list(_runs().values()) == [1]


def test_a_statement_that_a_pooler_brings_along_is_not_missed(owner, connected):
    cache.clear()
    with transaction.atomic():  # where nothing is prepared
        before = owner.layout()["order"]
    with connection.cursor() as cursor:
        cursor.execute("PREPARE _pg3_0 AS SELECT 1")  # the first name that psycopg takes
    for _ in range(2):  # the first one does not prepare
        cache.clear()
        assert owner.layout()["order"] == before
    assert not connected.prepares


@pytest.mark.parametrize(
    "spoil", ["DEALLOCATE ALL", "ALTER TABLE subjects_subject ALTER clock_offset TYPE bigint"]
)
def test_a_statement_that_a_pooler_or_a_migration_took_away_is_not_missed(owner, connected, spoil):
    for _ in range(2):  # the second one prepares
        cache.clear()
        before = owner.layout()["order"]
    with connection.cursor() as cursor:
        cursor.execute(spoil)
    cache.clear()

    after = owner.layout()

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE subjects_subject ALTER clock_offset TYPE integer")
    assert (after["status"], after["order"]) == ("adapted", before)


def test_a_statement_fails_as_others_do_and_its_cursor_goes_on(connected):
    asked = "SELECT 6 / %s::integer"
    assert database.rows(Event, asked, [2]) == [(3,)]
    with pytest.raises(DatabaseError, match="division by zero"):
        database.rows(Event, asked, [0])
    assert database.rows(Event, asked, [3]) == [(2,)]

    connection.close()
    assert database.rows(Event, asked, [6]) == [(1,)]


def test_a_statement_is_part_of_the_transaction_it_is_run_in_and_is_seen_by_who_watches(connected):
    asked = "INSERT INTO subjects_erasure (mark, times, last_at) VALUES ('m', 1, now()) RETURNING 1"
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert database.rows(Erasure, asked) == [(1,)]
        raise ZeroDivisionError
    assert not Erasure.objects.exists()

    with CaptureQueriesContext(connection) as seen:
        database.rows(Event, "SELECT 1")
    assert [query["sql"] for query in seen.captured_queries] == ["SELECT 1"]


def _stored_in(event_id: str) -> str:
    with connection.cursor() as cursor:
        query = "SELECT tableoid::regclass::text FROM subjects_event WHERE event_id = %s"
        cursor.execute(query, [event_id])
        (row,) = cursor.fetchall()
    return str(row[0])


def test_an_event_is_kept_with_its_month_and_counts_once(months, owner, clock):
    layout = owner.layout()
    now, far = owner.event("use", "forum"), owner.event("use", "quiz")
    far["at"] = "9999-12-31T23:59:59Z"

    assert owner.send(layout, now, far)["accepted"] == 2
    assert owner.send(layout, now, far)["duplicate"] == 2

    assert _stored_in(now["id"]) == "subjects_event_2026_03"
    assert _stored_in(far["id"]) == "subjects_event_rest"


def test_a_month_that_nobody_keeps_is_dropped_and_a_younger_one_stays(
    months, owner, worker, page, clock
):
    owner.visit("forum")
    clock.now = datetime(2026, 4, 3, 9, tzinfo=UTC)
    owner.headers = type(owner)(owner.key, clock).headers  # a current token
    owner.visit("quiz")
    worker.work()
    over = datetime(2026, 4, 1, tzinfo=UTC) + timedelta(days=page.event_days)
    early = over - timedelta(seconds=1)

    assert retention.retention_apply(surface=page, now=early)["events"] == 0  # left for the drop
    before = retention.months_renew(now=early)["dropped"]
    dropped = retention.months_renew(now=over)["dropped"]

    assert (before, dropped) == ([], ["subjects_event_2026_03"])
    assert {event.block for event in Event.objects.all()} == {"", "quiz"}


def test_a_month_with_events_not_folded_yet_stays(months, owner, clock):
    owner.visit("forum")

    assert partitions.months_drop(before=clock.now + timedelta(days=60)) == [
        "subjects_event_2026_04"
    ]
    assert Event.objects.count() == 2


def test_events_that_came_before_their_month_was_made_move_into_it(months, owner, clock):
    layout, event = owner.layout(), owner.event("use", "forum")
    event["at"] = "2026-05-09T00:00:00Z"
    owner.send(layout, event)
    assert _stored_in(event["id"]) == "subjects_event_rest"

    made = partitions.months_make(now=clock.now + timedelta(days=31))

    assert made == ["subjects_event_2026_05"]
    assert _stored_in(event["id"]) == "subjects_event_2026_05"
    assert owner.send(layout, event)["duplicate"] == 1
    Event.objects.all().delete()
    partitions.months_drop(before=datetime(2026, 6, 1, tzinfo=UTC))


def test_dropping_waits_for_no_reader_longer_than_its_patience(months, clock, monkeypatch):
    monkeypatch.setattr(partitions, "PAUSE", 0.05)
    reads, done = threading.Event(), threading.Event()

    def read() -> None:
        with transaction.atomic():
            Event.objects.count()  # holds a lock on every month until the transaction ends
            reads.set()
            done.wait(0.4)
        connections.close_all()

    reader = threading.Thread(target=read)
    reader.start()
    assert reads.wait(PATIENCE)
    dropped = partitions.months_drop(before=datetime(2026, 5, 1, tzinfo=UTC))
    done.set()
    reader.join()

    assert dropped == months
