"""One table of the schedule: rows of django-celery-beat, or Celery's own beat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from celery import current_app
from celery.schedules import crontab
from django.apps import apps
from django.conf import settings as project
from django.utils.module_loading import import_string

from webapp.layouts.install_checks import scheduler_check, scheduler_named
from webapp.lib import schedule, schedule_rows

if apps.is_installed(schedule.SCHEDULER):
    from django_celery_beat.schedulers import ModelEntry
    from django_celery_beat.tzcrontab import TzAwareCrontab

HAS_ROWS = apps.is_installed(schedule.SCHEDULER)
needs_rows = pytest.mark.skipif(not HAS_ROWS, reason="django-celery-beat is not installed")
NEW = [(type("Step", (), {"app_label": schedule.SCHEDULER, "name": "0001_initial"}), False)]


def rows():
    return apps.get_model(schedule.SCHEDULER, "PeriodicTask").objects


@needs_rows
def test_every_entry_is_a_row_after_migrations(db):
    found = {
        (row.name, row.task, row.expire_seconds)
        for row in rows().exclude(task="celery.backend_cleanup")
    }

    assert found == {(e.name, e.task, e.seconds or None) for e in schedule.TABLE}


@needs_rows
def test_rows_are_made_where_the_scheduler_is_added_later_and_stay_as_an_admin_left_them(db):
    name = schedule.TABLE[0].name
    rows().exclude(name=name).delete()
    rows().filter(name=name).update(enabled=False)

    schedule_rows._rows_follow(using="default", apps=apps, plan=NEW)

    assert not rows().get(name=name).enabled
    assert rows().filter(enabled=True).count() == len(schedule.TABLE) - 1


@needs_rows
def test_a_row_that_an_admin_deleted_does_not_come_back(db):
    rows().all().delete()

    schedule_rows._rows_follow(using="default", apps=apps, plan=[])

    assert not rows().exists()


@needs_rows
def test_rows_go_with_their_migration(db):
    step = type("Step", (), {"app_label": "uiengine_trials", "name": "0002_schedules"})

    schedule_rows._rows_follow(using="default", apps=apps, plan=[(step, True)])

    assert not rows().filter(task__startswith="trials.").exists()


def test_celerys_own_beat_takes_every_entry_whose_app_is_installed():
    taken = schedule.beat_schedule(["webapp.codebooks", "webapp.subjects", "auth"])

    assert {entry["task"] for entry in taken.values()} == {
        *("subjects.sweep", "codebooks.sweep", "codebooks.retrain_all", "audits.audit_all"),
        *("codebooks.guard", "codebooks.shadow", "subjects.retention", "codebooks.books"),
    }
    nightly = taken["Retrain surfaces with new visits, nightly"]
    assert nightly["schedule"] == crontab(minute="30", hour="2")
    assert taken["Take bad versions back"] == {
        "task": "codebooks.guard",
        "schedule": timedelta(minutes=1).total_seconds(),
        "options": {"expires": 60},
    }


def test_every_task_of_the_table_exists(db):
    current_app.loader.import_default_modules()

    assert {entry.task for entry in schedule.TABLE} <= set(current_app.tasks)


@pytest.mark.parametrize(
    ("is_installed", "named", "found", "words"),
    [
        (False, "", "layouts.I001", "Celery's own beat"),
        (True, schedule.DATABASE_SCHEDULER, "layouts.I001", "django-celery-beat drives"),
        (False, schedule.DATABASE_SCHEDULER, "layouts.W006", "not installed"),
        (True, "celery.beat:PersistentScheduler", "layouts.W006", "does not read"),
    ],
)
def test_the_check_says_which_schedule_is_at_work(monkeypatch, is_installed, named, found, words):
    others = [app for app in project.INSTALLED_APPS if app != schedule.SCHEDULER]
    host = SimpleNamespace(
        INSTALLED_APPS=[*others, *([schedule.SCHEDULER] if is_installed else [])],
        CELERY_BEAT_SCHEDULER=named,
    )
    monkeypatch.setattr("webapp.layouts.install_checks.settings", host)

    [message] = [*scheduler_check(), *scheduler_named()]

    assert message.id == found and words in message.msg and message.hint


@needs_rows
def test_a_nightly_task_that_was_slept_through_is_made_up(db):
    """Six hours after its time, on a machine that was off: the library leaves it out by day."""
    crontabs = apps.get_model(schedule.SCHEDULER, "CrontabSchedule").objects
    scheduler = import_string(schedule.DATABASE_SCHEDULER.replace(":", "."))
    now = datetime.now(UTC)
    hour = (now - timedelta(hours=6)).hour
    at = crontabs.create(minute="0", hour=str(hour), timezone="UTC")
    task = rows().create(name="nightly", task="nightly", crontab=at)
    rows().filter(pk=task.pk).update(last_run_at=now - timedelta(hours=30))

    entry = scheduler(app=current_app, lazy=True).all_as_schedule()["nightly"]

    assert entry.is_due().is_due


@pytest.fixture
def nightly(db):
    """A task at 02:30 UTC alone in the schedule, which last ran on the first of March."""
    rows().all().delete()
    crontabs = apps.get_model(schedule.SCHEDULER, "CrontabSchedule").objects
    at = crontabs.create(minute="30", hour="2", timezone="UTC")
    rows().create(name="nightly", task="nightly", crontab=at)
    return rows().filter(name="nightly")


@needs_rows
def test_a_task_is_overdue_ten_minutes_after_its_time_and_until_it_ran(nightly):
    first = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
    due = first + timedelta(days=1)
    nightly.update(last_run_at=first)

    assert schedule_rows.overdue(due + timedelta(minutes=9)) == []
    assert schedule_rows.overdue(due + timedelta(minutes=11)) == [("nightly", due)]
    assert schedule_rows.overdue(due + timedelta(days=20)) == [("nightly", due)]
    nightly.update(enabled=False)
    assert schedule_rows.overdue(due + timedelta(days=20)) == []


@needs_rows
def test_a_task_every_few_seconds_is_overdue_too(db):
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    rows().update(last_run_at=now)
    rows().filter(task="codebooks.guard").update(last_run_at=now - timedelta(hours=1))

    (found,) = schedule_rows.overdue(now)

    assert found == ("Take bad versions back", now - timedelta(minutes=59))


@needs_rows
def test_a_machine_that_is_on_by_day_alone_runs_its_nightly_task_each_day(nightly, monkeypatch):
    """Beat starts at nine and stops at five, for three days; its clock and messages are ours."""
    clock = [datetime(2026, 3, 1, 9, tzinfo=UTC)]
    monkeypatch.setattr(TzAwareCrontab, "nowfunc", lambda self: clock[0].astimezone(self.tz))
    monkeypatch.setattr(ModelEntry, "_default_now", lambda self: clock[0])
    monkeypatch.setattr("django_celery_beat.schedulers.close_old_connections", lambda: None)
    begun = []
    nightly.update(date_changed=clock[0])
    for day in range(3):
        clock[0] = datetime(2026, 3, 1 + day, 9, tzinfo=UTC)
        beat = import_string(schedule.DATABASE_SCHEDULER.replace(":", "."))(app=current_app)
        monkeypatch.setattr(beat, "apply_async", lambda entry, **_: begun.append(clock[0]))
        while clock[0].hour < 17:
            beat.tick()
            clock[0] += timedelta(minutes=20)
        beat.sync()

    assert begun == [datetime(2026, 3, day, 9, tzinfo=UTC) for day in (2, 3)]


def test_a_host_whose_celery_has_another_zone_is_told_that_zone(monkeypatch):
    monkeypatch.setattr(schedule_rows.installed, "is_installed", lambda name: False)
    monkeypatch.setattr(current_app.conf, "timezone", "Europe/Berlin")
    monkeypatch.delitem(current_app.__dict__, "timezone", raising=False)

    (line,) = schedule_rows.cadence(["codebooks.retrain_all"])

    assert "at 02:30 Europe/Berlin" in line
    assert "does not exist" in line and "comes twice" in line
