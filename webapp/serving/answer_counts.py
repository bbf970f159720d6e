"""Counts of the answers that this process gave: by status, and by surface, version and minute.

By status since the process started, for /api/health and /metrics:
adapted, default, frozen, dry_run, fallback, not_modified   every answer, by status
system_1          of them, decided without a search: the decoded order, as far as rules allow
budget_lowered    of them, searched with fewer candidates than configured
throttled, failed why a fallback was served

By minute for the live guardrails, written to the database off the request path. A process that
ends loses what it counted since its last flush; the guardrails look at shares.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import F

from webapp.codebooks.models import LiveMinute
from webapp.surfaces.models import Surface
from webapp.telemetry.metrics import LAYOUTS

FLUSH_SECONDS = 5.0
_lock = threading.Lock()
_by_status: Counter[str] = Counter()
_counted: Counter[tuple[int, str, int, str]] = Counter()
"""By surface, content id of the version, minute since 1970, and column."""


def count(*names: str) -> None:
    """Adds one to each status."""
    with _lock:
        for name in names:
            _by_status[name] += 1
    for name in names:
        LAYOUTS.labels(name).inc()


def counts() -> dict[str, int]:
    """Answers by status, sorted by name."""
    with _lock:
        return dict(sorted(_by_status.items()))


def answered(
    surface: int, content: str, now: datetime, *, fell_back: bool, failed: bool = False
) -> None:
    """Counts one answer to a subject in its minute.

    content: id of the version that should have decided, empty where none should; fell_back:
    something else was served; failed: because deciding raised.
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
    """Adds the counts to the rows; counts that could not be written wait for the next flush."""
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
