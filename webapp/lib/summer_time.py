"""What a daily time does when its zone's clocks are put forward or back.

Celery's beat counts from the last run by the clock on the wall: a time that does not exist runs
once, as much later as the clocks jumped; a time that comes twice runs the first time only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from celery.schedules import crontab

AHEAD = timedelta(days=366)
STEP = timedelta(minutes=30)
"""Clocks are changed on the hour or on the half."""


@dataclass(frozen=True)
class Change:
    """Clocks that are put forward or back by `shift`. at: the moment, in UTC; start, end: the
    stretch of the day by the clock that does not exist, or that comes twice."""

    at: datetime
    shift: timedelta
    start: datetime
    end: datetime


def remarks(schedule: crontab, zone: tzinfo, now: datetime) -> list[str]:
    """Sentences on the changes of the coming year that touch the schedule; empty for most."""
    coming = _changes(zone, now.astimezone(UTC).date())
    return [_sentence(change) for change in coming if _is_due_within(schedule, change)]


@lru_cache(maxsize=16)
def _changes(zone: tzinfo, today: date) -> tuple[Change, ...]:
    return tuple(_look(zone, datetime.combine(today, time(), UTC)))


def _look(zone: tzinfo, at: datetime) -> Iterator[Change]:
    until, before = at + AHEAD, at.astimezone(zone).utcoffset()
    while at < until:
        at += STEP
        after = at.astimezone(zone).utcoffset()
        if before is not None and after is not None and after != before:
            wall = [(at + offset).replace(tzinfo=None) for offset in (before, after)]
            yield Change(at, after - before, min(wall), max(wall))
        before = after


def _is_due_within(schedule: crontab, change: Change) -> bool:
    minute = change.start
    while minute < change.end:
        if (
            minute.minute in schedule.minute
            and minute.hour in schedule.hour
            and minute.isoweekday() % 7 in schedule.day_of_week
            and minute.day in schedule.day_of_month
            and minute.month in schedule.month_of_year
        ):
            return True
        minute += timedelta(minutes=1)
    return False


def _sentence(change: Change) -> str:
    stretch = f"{change.start:%Y-%m-%d}, {change.start:%H:%M} to {change.end:%H:%M}"
    minutes = abs(int(change.shift.total_seconds() // 60))
    if change.shift > timedelta(0):
        return f"{stretch} does not exist: what is due then runs once, {minutes} minutes later."
    return f"{stretch} comes twice: what is due then runs the first time only."
