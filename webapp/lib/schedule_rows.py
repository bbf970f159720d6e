"""Keeps the schedule as rows of django-celery-beat, so that an admin can change the times.

A signal after migrations writes them, not a migration: one that depends on an app which may be
missing or added later would leave a history that Django refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from celery import current_app
from django.apps import apps as installed
from django.conf import settings
from django.db import connections
from django.db.models.signals import post_migrate

from webapp.lib import schedule, summer_time
from webapp.lib.admin_pages import list_of
from webapp.lib.times import as_utc, utc_now

FIRST = (schedule.SCHEDULER, "0001_initial")
TABLE = "django_celery_beat_periodictask"
PATIENCE = timedelta(minutes=10)
"""A task counts as overdue after this: beat writes the times of runs every three minutes."""


def connect() -> None:
    if installed.is_installed(schedule.SCHEDULER):
        sender = installed.get_app_config(schedule.SCHEDULER)
        post_migrate.connect(_rows_follow, sender=sender, dispatch_uid="schedule_rows")


def is_asked_for(task: str) -> bool:
    """Returns True if the schedule has the task and no admin has switched it off."""
    if not installed.is_installed(schedule.SCHEDULER):
        return any(entry.task == task for entry in schedule.entries(settings.INSTALLED_APPS))
    rows = installed.get_model(schedule.SCHEDULER, "PeriodicTask")._default_manager
    return bool(rows.filter(task=task, enabled=True).exists())


def page() -> str:
    """Returns the address of the rows in the admin; empty without django-celery-beat."""
    if not installed.is_installed(schedule.SCHEDULER):
        return ""
    return list_of(installed.get_model(schedule.SCHEDULER, "PeriodicTask"))


def cadence(tasks: Sequence[str]) -> list[str]:
    """Returns a line for each entry of these tasks: its name, when it runs, and what it does when
    the clocks of its zone are put forward or back."""
    if not installed.is_installed(schedule.SCHEDULER):
        zone = current_app.timezone
        found = [e for e in schedule.entries(settings.INSTALLED_APPS) if e.task in tasks]
        said = [" ".join([f"{e.name}: {e.when_in(zone)}", *_changes(e, zone)]) for e in found]
        return sorted(said)
    rows = installed.get_model(schedule.SCHEDULER, "PeriodicTask")._default_manager
    chosen = rows.filter(task__in=tasks).select_related("crontab", "interval")
    return [
        f"{row.name}: {_when(row)}{'' if row.enabled else ' (switched off)'}"
        for row in chosen.order_by("name")
    ]


def _changes(entry: schedule.Entry, zone: tzinfo) -> list[str]:
    return summer_time.remarks(entry.crontab, zone, utc_now()) if not entry.every else []


def every_cadence() -> list[str]:
    """Returns the lines of all our tasks."""
    return cadence([entry.task for entry in schedule.entries(settings.INSTALLED_APPS)])


def overdue(now: datetime) -> list[tuple[str, datetime]]:
    """Returns name and time of each task that was due and has not begun; the longest ago first.

    Empty without django-celery-beat: Celery's own beat keeps the times of runs to itself.
    """
    if not installed.is_installed(schedule.SCHEDULER):
        return []
    rows = installed.get_model(schedule.SCHEDULER, "PeriodicTask")._default_manager
    found = []
    for row in rows.filter(enabled=True).select_related("crontab", "interval"):
        due = _due_at(row, now)
        if due is not None and now - due > PATIENCE:
            found.append((row.name, due))
    return sorted(found, key=lambda one: one[1])


def _due_at(row: Any, now: datetime) -> datetime | None:
    """When a task was due first since it last ran, or is due next. None for one-off tasks."""
    last = row.last_run_at or row.date_changed
    if last is None or not (row.crontab or row.interval) or row.one_off:
        return None
    last = as_utc(last)
    if row.interval:
        due: datetime = last + row.interval.schedule.run_every
        return due
    at = row.crontab.schedule
    at.nowfunc = at.nowfun = lambda: now
    due = now + at.remaining_estimate(last)
    return due


def _when(row: Any) -> str:
    if row.crontab is None:
        return str(row.interval or "not scheduled")
    zone = row.crontab.timezone
    found = summer_time.remarks(row.crontab.schedule, zone, utc_now())
    return (
        " ".join([f"{row.crontab.human_readable}.", *found])
        if found
        else row.crontab.human_readable
    )


def _rows_follow(*, using: str, apps: Any = installed, plan: Any = (), **_: Any) -> None:
    """Adds the rows of applied migrations and deletes those of reversed ones.

    Migrations that were only renamed (`labels`) add nothing, as an admin may have deleted a row
    since. If django-celery-beat itself is new, all rows are added. Existing rows are not changed.
    """
    if TABLE not in connections[using].introspection.table_names():
        return
    steps = {
        (step.app_label, step.name): is_back
        for step, is_back in plan
        if not getattr(step, "adopted", False)
    }
    for entry in schedule.entries(settings.INSTALLED_APPS):
        is_back = steps.get(entry.since, steps.get(FIRST))
        if is_back is False:
            _add(entry, apps, using)
        elif is_back:
            rows = apps.get_model(schedule.SCHEDULER, "PeriodicTask").objects.using(using)
            rows.filter(name=entry.name).delete()


def _add(entry: schedule.Entry, apps: Any, using: str) -> None:
    def rows(model: str) -> Any:
        return apps.get_model(schedule.SCHEDULER, model).objects.using(using)

    columns: dict[str, Any] = {"task": entry.task}
    if entry.every:
        interval = {"every": entry.every, "period": entry.period}
        columns["interval"], _ = rows("IntervalSchedule").get_or_create(**interval)
        columns["expire_seconds"] = entry.seconds
    else:
        at = {"minute": entry.minute, "hour": entry.hour, "day_of_week": entry.weekday}
        columns["crontab"], _ = rows("CrontabSchedule").get_or_create(**at)
    rows("PeriodicTask").get_or_create(name=entry.name, defaults=columns)
