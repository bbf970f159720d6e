"""Deletes, once a night, what grows with time and belongs to no surface's own retention.

What empties every table, folder and memory is a table in `webapp/README.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings

from webapp.audits.models import AuditReport
from webapp.codebooks.books import books_delete
from webapp.codebooks.models import (
    Agreement,
    Alias,
    CodebookVersion,
    GateReport,
    GuardWindow,
    Proposal,
)
from webapp.codebooks.registry.old_versions import pipelines_delete, versions_remove
from webapp.lib.times import to_day, to_milliseconds
from webapp.subjects.models import Import
from webapp.surfaces.mappers import POPULARITY_DAYS
from webapp.surfaces.models import PopularityDay
from webapp.trials.models import Rehearsal, RehearsedWeek

KEPT = timedelta(days=90)
"""Age of windows, comparisons and proposals that are kept."""
PAGES_KEPT = timedelta(days=365)
"""Age of imports, and of audit reports whose page is kept; their figures stay."""
WEEKS_KEPT = timedelta(days=30)
"""Age of rehearsals whose weeks of single people are kept; their figures stay longer."""
OUR_SESSIONS = "webapp.lib.sessions"


def outgrown_delete(*, now: datetime) -> dict[str, int]:
    """Deletes what is too old to matter; returns the number of rows by kind."""
    steps: dict[str, Callable[[datetime], int]] = {
        "versions": lambda at: len(versions_remove(now=at)),
        "pipelines": lambda at: pipelines_delete(now=at),
        "gate_reports": _gate_reports,
        "audit_pages": _audit_pages,
        "guard_windows": lambda at: GuardWindow.objects.filter(since__lt=at - KEPT).delete()[0],
        "agreements": _agreements,
        "proposals": lambda at: Proposal.objects.filter(at__lt=at - KEPT).delete()[0],
        "popularity_days": _popularity,
        "books": lambda at: books_delete(now=at),
        "rehearsals": lambda at: Rehearsal.objects.filter(created_at__lt=at - PAGES_KEPT).delete()[
            0
        ],
        "rehearsed_weeks": _rehearsed_weeks,
        "imports": lambda at: Import.objects.filter(finished_at__lt=at - PAGES_KEPT).delete()[0],
        "sessions": _sessions,
    }
    return {name: step(now) for name, step in steps.items()}


def _gate_reports(now: datetime) -> int:
    removed = CodebookVersion.Status.REMOVED
    return GateReport.objects.filter(version__status=removed).delete()[0]


def _audit_pages(now: datetime) -> int:
    """Empties the pages of old reports; their figures are evidence that later looks count on."""
    old = AuditReport.objects.filter(created_at__lt=now - PAGES_KEPT).exclude(html="")
    return old.update(html="")


def _agreements(now: datetime) -> int:
    """Comparisons of a version that is still a challenger stay, because they are summed up."""
    present = Alias.objects.filter(name=Alias.Name.CHALLENGER).values("version")
    old = Agreement.objects.filter(until__lt=now - KEPT)
    return old.exclude(challenger__in=present).delete()[0]


def _rehearsed_weeks(now: datetime) -> int:
    old = RehearsedWeek.objects.filter(rehearsal__created_at__lt=now - WEEKS_KEPT)
    return old.delete()[0]


def _popularity(now: datetime) -> int:
    """Days before those that anything reads."""
    first = to_day(to_milliseconds(now)) - POPULARITY_DAYS
    return PopularityDay.objects.filter(day__lt=first).delete()[0]


def _sessions(now: datetime) -> int:
    """Expired sessions of this project; a host with its own engine runs `clearsessions`."""
    if settings.SESSION_ENGINE == OUR_SESSIONS:
        import_module(OUR_SESSIONS).SessionStore.clear_expired()
    return 0
