"""Counts accepted events that wait to be folded; above a limit, clients are asked to wait.

The count runs outside requests, so a batch costs no query; between two counts slightly more than
the limit may be accepted.
"""

from __future__ import annotations

from django.conf import settings

from webapp.lib import database
from webapp.lib.refresher import ProcessState, refresher
from webapp.subjects.models import Event

WAIT = 10
"""Seconds that a client is asked to wait; workers fold some thousands of events in that time."""
WAITING = """
SELECT count(*) FROM (SELECT 1 FROM subjects_event WHERE fold = 'pending' LIMIT %s) AS waiting
"""
"""Plain SQL, because it is asked twice a second and the ORM takes five times as long."""


class Backlog(ProcessState):
    def __init__(self) -> None:
        self._counted: int | None = None

    def clear(self) -> None:
        self._counted = None

    def renew(self) -> None:
        self.count()

    def count(self) -> int:
        """Counts pending events, stopping just above the limit."""
        ((counted,),) = database.rows(Event, WAITING, [settings.UIENGINE_BACKLOG + 1])
        self._counted = int(counted)
        return self._counted

    def pending(self) -> int:
        """Returns the last count, or counts now if no thread does (UIENGINE_REFRESH_MS 0)."""
        known = self._counted if settings.UIENGINE_REFRESH_MS else None
        return self.count() if known is None else known


backlog = Backlog()
refresher.register(backlog)


def pending() -> int:
    return backlog.pending()


def is_full() -> bool:
    return pending() > settings.UIENGINE_BACKLOG
