"""Monthly partitions of the events' table in PostgreSQL.

The table is partitioned by month of `at`, which is part of an event's identity, so one unique index
per month keeps retries from counting twice. A month that no surface keeps any more is detached and
dropped, so no rows are deleted and nothing is left to vacuum. Events outside all months (a clock
years ahead) are in the partition `…_rest`. SQLite has one plain table, and these functions do
nothing there.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from django.db import IntegrityError, OperationalError

from webapp.lib import database

TABLE = "subjects_event"
REST = f"{TABLE}_rest"
AHEAD = 1
"""Number of future months to create."""
PATIENCE = "100ms"
"""Longest wait of a partition change for its lock; other queries queue behind it meanwhile."""
TRIES = 20
PAUSE = 0.5
"""Seconds between two tries."""
T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class Month:
    """A partition with the events from `start` up to, but not including, `end`."""

    start: datetime

    @property
    def end(self) -> datetime:
        return month_of(self.start, 1).start

    @property
    def name(self) -> str:
        return f"{TABLE}_{self.start:%Y_%m}"


def month_of(at: datetime, later: int = 0) -> Month:
    """The month of a time, or the month that is `later` months after it."""
    at = at.astimezone(UTC)
    years, month = divmod(at.month - 1 + later, 12)
    return Month(datetime(at.year + years, month + 1, 1, tzinfo=UTC))


def months() -> list[Month]:
    """Returns the months that are partitions; none where the table is not partitioned."""
    if not database.is_postgres():
        return []
    with database.connection().cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass",
            [TABLE],
        )
        names = [re.fullmatch(rf"{TABLE}_(\d+)_(\d+)", name) for (name,) in cursor.fetchall()]
    return sorted(
        Month(datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)) for found in names if found
    )


def months_make(*, now: datetime) -> list[str]:
    """Creates the missing partitions of this month and the next ones; returns their names."""
    if not database.is_postgres():
        return []
    known = set(months())
    missing = [m for m in (month_of(now, n) for n in range(AHEAD + 1)) if m not in known]
    for month in missing:
        _patiently(partial(_make, month))
    return [month.name for month in missing]


def months_drop(*, before: datetime) -> list[str]:
    """Drops the months that ended by `before`, and returns their names.

    A month with unfolded events stays. Raises OperationalError if no lock is free after TRIES
    attempts; each attempt delays other queries by PATIENCE at most.
    """
    dropped = []
    for month in months():
        if month.end <= before and _patiently(partial(_drop, month)):
            dropped.append(month.name)
    return dropped


def month_waiting(until: datetime) -> Month | None:
    """The partition that contains `until`, which is dropped as a whole once it is over."""
    month = month_of(until)
    return month if month in months() else None


def _patiently(change: Callable[[], T]) -> T:
    for left in reversed(range(TRIES)):
        try:
            with database.atomic():
                with database.connection().cursor() as cursor:
                    cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
                return change()
        except (OperationalError, IntegrityError):  # the latter: an early event slipped into REST
            if not left:
                raise
            log.info("subjects.partition_locked")
            time.sleep(PAUSE)
    raise AssertionError


def _make(month: Month) -> None:
    """Creates a month's partition and moves its early events into it."""
    bounds = [month.start, month.end]
    with database.connection().cursor() as cursor:
        cursor.execute(f"CREATE TABLE {month.name} (LIKE {TABLE} INCLUDING DEFAULTS)")
        cursor.execute(
            f"WITH early AS (DELETE FROM {REST} WHERE at >= %s AND at < %s RETURNING *) "
            f"INSERT INTO {month.name} SELECT * FROM early",
            bounds,
        )
        cursor.execute(
            f"ALTER TABLE {TABLE} ATTACH PARTITION {month.name} FOR VALUES FROM (%s) TO (%s)",
            bounds,
        )


def _drop(month: Month) -> bool:
    with database.connection().cursor() as cursor:
        # Writers wait from here on, so the check below sees all events.
        cursor.execute(f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {month.name} WHERE fold = 'pending')")
        if cursor.fetchone()[0]:
            log.warning("subjects.partition_pending %s", month.name)
            return False
        cursor.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {month.name}")
        cursor.execute(f"DROP TABLE {month.name}")
    return True
