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
    step = type("Step", (), {"app_label": "trials", "name": "0002_schedules"})

    schedule_rows._rows_follow(using="default", apps=apps, plan=[(step, True)])

    assert not rows().filter(task__startswith="trials.").exists()


def test_celerys_own_beat_takes_every_entry_whose_app_is_installed():
    taken = schedule.beat_schedule(["webapp.codebooks", "webapp.subjects", "auth"])

    assert {entry["task"] for entry in taken.values()} == {
        *("subjects.sweep", "codebooks.sweep", "codebooks.retrain_all", "audits.audit_all"),
        *("codebooks.guard", "codebooks.shadow", "subjects.retention"),
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
