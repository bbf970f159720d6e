"""How many accepted events wait to be folded: past a bound, new ones are asked to wait.

Counted off the path of requests, by the thread that renews what is served, so a batch costs no
count; between two counts a little more than the bound may come in.
"""

from __future__ import annotations

from django.conf import settings

from webapp.subjects.models import Event

WAIT = 10
"""Seconds that a client is asked to wait: workers fold some thousands of events in it."""
_counted: int | None = None


def renew() -> int:
    """Counts, up to just past the bound."""
    global _counted
    some = Event.objects.filter(fold=Event.Fold.PENDING).order_by()[: settings.UIENGINE_BACKLOG + 1]
    _counted = some.count()
    return _counted


def pending() -> int:
    """As last counted. Counts where nothing is renewed by a thread (UIENGINE_REFRESH_MS 0)."""
    known = _counted if settings.UIENGINE_REFRESH_MS else None
    return renew() if known is None else known


def is_full() -> bool:
    return pending() > settings.UIENGINE_BACKLOG
