"""The schedule of our tasks, in one table, for django-celery-beat or for Celery's own beat.

With django-celery-beat each entry is a row whose time an admin can change (see `schedule_rows`).
Without it, Celery's beat uses `beat_schedule()`, through the setting CELERY_BEAT_SCHEDULE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from celery.schedules import crontab

SCHEDULER = "django_celery_beat"
"""The app whose rows are the schedule, if it is installed."""
DATABASE_SCHEDULER = "webapp.lib.overdue_scheduler:OverdueScheduler"
"""Reads the schedule from that app's rows."""


@dataclass(frozen=True)
class Entry:
    """One line of the schedule.

    every: a number of periods, or 0 for a task that runs at a time of the day (UTC, unless the
    host's Celery has another zone); since: the
    migration that adds the row, as app label and name.
    """

    name: str
    task: str
    since: tuple[str, str]
    every: int = 0
    period: str = "seconds"
    minute: str = ""
    hour: str = ""
    weekday: str = "*"

    @property
    def seconds(self) -> int:
        return self.every * {"seconds": 1, "minutes": 60}[self.period]

    @property
    def when(self) -> str:
        return self.when_in("UTC")

    def when_in(self, zone: object) -> str:
        """zone: that of Celery's application, by which beat reads the hour."""
        if self.every:
            return f"every {self.every} {self.period}"
        day = "" if self.weekday == "*" else f" on day {self.weekday} of the week"
        return f"at {self.hour.zfill(2)}:{self.minute.zfill(2)} {zone}{day}"

    @property
    def crontab(self) -> crontab:
        return crontab(minute=self.minute, hour=self.hour, day_of_week=self.weekday)


RUNS = ("uiengine_codebooks", "0003_schedules")
WATCH = ("uiengine_codebooks", "0008_watch")
TRIALS = ("uiengine_trials", "0002_schedules")
MAIL = ("uiengine_audits", "0002_mail")
BOOKS = ("uiengine_codebooks", "0015_books")
STUDIO = ("uiengine_studio", "0001_initial")
TABLE = (
    Entry("Fold what was lost, close visits that are over", "subjects.sweep", RUNS, every=10),
    Entry("Take over runs whose worker died", "codebooks.sweep", RUNS, every=30),
    Entry(
        *("Retrain surfaces with new visits, nightly", "codebooks.retrain_all", RUNS),
        minute="30",
        hour="2",
    ),
    Entry(
        *("Audit champions, weekly", "audits.audit_all", RUNS), minute="30", hour="4", weekday="1"
    ),
    Entry("Take bad versions back", "codebooks.guard", WATCH, every=1, period="minutes"),
    Entry(
        *("Compare challengers in the shadow", "codebooks.shadow", WATCH),
        every=10,
        period="minutes",
    ),
    Entry(
        *("Delete what surfaces keep no longer, nightly", "subjects.retention"),
        ("uiengine_subjects", "0003_schedules"),
        minute="10",
        hour="3",
    ),
    Entry("See which surfaces have a control share", "trials.begin", TRIALS, every=300),
    Entry(
        "Compare adapted with control, nightly", "trials.look_all", TRIALS, minute="50", hour="3"
    ),
    Entry("Mail audits that exceed and were not mailed", "audits.mail", MAIL, every=600),
    Entry("Make the books of the day", "codebooks.books", BOOKS, every=60),
    Entry("Sign of life of the workers", "studio.heartbeat", STUDIO, every=15),
)


def entries(apps: Sequence[str]) -> list[Entry]:
    """Entries whose app is among `apps`, the names in INSTALLED_APPS."""
    labels = {f"uiengine_{name.split('.')[1]}" for name in apps if name.startswith("webapp.")}
    return [entry for entry in TABLE if entry.since[0] in labels]


def beat_schedule(apps: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The setting for Celery's own beat; a message expires when the next one is due."""
    return {
        entry.name: {
            "task": entry.task,
            "schedule": entry.seconds or entry.crontab,
            "options": {"expires": entry.seconds} if entry.every else {},
        }
        for entry in entries(apps)
    }
