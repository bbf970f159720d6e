"""Answers of this process, by surface, version and minute; written down off the path of requests.

What is counted since the last flush is lost with the process: the live guardrails look at shares.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import F

from webapp.codebooks.models import LiveMinute
from webapp.surfaces.models import Surface

FLUSH_SECONDS = 5.0
_lock = threading.Lock()
_counted: Counter[tuple[int, str, int, str]] = Counter()
"""By surface, content id of the version, minute since 1970, and column."""


def answered(
    surface: int, content: str, now: datetime, *, fell_back: bool, failed: bool = False
) -> None:
    """One answer to somebody. content: id of the version that should have decided; empty: none.

    fell_back: something else was served; failed: because deciding raised.
    """
    if not content:
        return
    minute = int(now.timestamp() // 60)
    with _lock:
        _counted[surface, content, minute, "answers"] += 1
        if failed:
            _counted[surface, content, minute, "errors"] += 1
        if fell_back:
            _counted[surface, content, minute, "fallbacks"] += 1


def flush() -> None:
    """Adds what was counted to the rows; what could not be written waits for the next time."""
    with _lock:
        taken = Counter(_counted)
        _counted.clear()
    try:
        with transaction.atomic():
            _write(taken)
    except Exception:
        with _lock:
            _counted.update(taken)
        raise


def _write(taken: Counter[tuple[int, str, int, str]]) -> None:
    known = set(Surface.objects.values_list("pk", flat=True))  # others were deleted since
    for surface, content, minute in sorted({key[:3] for key in taken if key[0] in known}):
        row, _ = LiveMinute.objects.get_or_create(
            surface_id=surface, content=content, minute=datetime.fromtimestamp(60 * minute, UTC)
        )
        columns = ("answers", "errors", "fallbacks")
        more = {c: F(c) + taken[surface, content, minute, c] for c in columns}
        LiveMinute.objects.filter(pk=row.pk).update(**more)
