"""What beat does over both changes of the clocks in Europe/Berlin is what the schedule says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from celery import Celery
from celery.schedules import crontab

from webapp.lib.summer_time import remarks

BERLIN, HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
SPRING, AUTUMN = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)
"""Noon of the day before the clocks are put forward, and back."""
GONE = "2026-03-29, 02:00 to 03:00 does not exist: what is due then runs once, 60 minutes later."
TWICE = "2026-10-25, 02:00 to 03:00 comes twice: what is due then runs the first time only."


def of_rows(minute: str, hour: str):
    """As django-celery-beat reads a row."""
    rows = pytest.importorskip("django_celery_beat.tzcrontab")
    return rows.TzAwareCrontab(minute=minute, hour=hour, tz=BERLIN)


def of_beat(minute: str, hour: str):
    """As Celery's own beat reads the setting, in an application with this zone."""
    app = Celery("host", set_as_current=False)
    app.conf.timezone = "Europe/Berlin"
    return crontab(minute=minute, hour=hour, app=app)


def runs(schedule, start: datetime) -> list[str]:
    """A clock that is moved minute by minute through a day and a half: when the task begins."""
    now = last = start
    schedule.nowfun = lambda: now
    found = []
    while now < start + timedelta(hours=36):
        if schedule.is_due(last).is_due:
            found.append(f"{now.astimezone(BERLIN):%d %H:%M %Z}")
            last = now
        now += timedelta(minutes=1)
    return found


@pytest.mark.parametrize("make", [of_rows, of_beat])
def test_a_time_that_does_not_exist_runs_once_an_hour_later(make):
    assert runs(make("30", "2"), SPRING) == ["29 03:30 CEST"]
    assert runs(make("30", "2,3"), SPRING) == ["29 03:30 CEST"]
    assert runs(make("30", "4"), SPRING) == ["29 04:30 CEST"]


@pytest.mark.parametrize("make", [of_rows, of_beat])
def test_a_time_that_comes_twice_runs_the_first_time_only(make):
    assert runs(make("30", "2"), AUTUMN)[0] == "25 02:30 CEST"
    assert [run for run in runs(make("*/30", "2,3"), AUTUMN) if run.startswith("25")] == [
        *("25 02:00 CEST", "25 02:30 CEST", "25 03:00 CET", "25 03:30 CET"),
    ]


@pytest.mark.parametrize(
    ("minute", "hour", "says"),
    [("30", "2", True), ("*/30", "2,3", True), ("*/15", "*", True), ("0", "3", False)],
)
def test_a_schedule_says_so_where_a_change_touches_it(minute, hour, says):
    schedule = crontab(minute=minute, hour=hour)

    assert remarks(schedule, BERLIN, datetime(2026, 1, 1, tzinfo=UTC)) == (
        [GONE, TWICE] if says else []
    )
    assert remarks(schedule, ZoneInfo("UTC"), datetime(2026, 1, 1, tzinfo=UTC)) == []


def test_a_task_of_another_day_is_not_touched():
    """The clocks are changed on Sundays."""
    mondays = crontab(minute="30", hour="2", day_of_week="1")

    assert remarks(mondays, BERLIN, SPRING) == []


def test_a_zone_that_changes_by_half_an_hour():
    """Lord Howe Island: back on 5 April 2026, 02:00 to 01:30; forward on 4 October, 02:00."""
    assert remarks(crontab(minute="15", hour="1,2"), HOWE, SPRING) == [
        "2026-10-04, 02:00 to 02:30 does not exist: what is due then runs once, 30 minutes later."
    ]
    assert remarks(crontab(minute="45", hour="1"), HOWE, SPRING) == [
        "2026-04-05, 01:30 to 02:00 comes twice: what is due then runs the first time only."
    ]
