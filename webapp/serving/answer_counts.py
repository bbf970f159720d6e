"""Counts of the answers that this process gave: by status, and by surface, version and minute.

By status since the process started, for /api/health and /metrics:

adapted, default, frozen, dry_run, fallback, not_modified   every answer, by status
system_1          of them, decided without a search: the decoded order, as far as rules allow
budget_lowered    of them, searched with fewer candidates than configured
made_ahead        of them, the first of a visit, decided by a worker before it was asked for
throttled, failed the reason for a fallback

By minute for the live guardrails, written to the database outside requests. A process that ends
loses its counts since the last flush, which is harmless: the guardrails look at shares.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from django.db.models import F

from webapp.codebooks.models import LiveMinute
from webapp.lib import database
from webapp.lib.refresher import ProcessState, refresher
from webapp.surfaces.models import Surface
from webapp.telemetry.metrics import LAYOUTS

FLUSH_SECONDS = 5.0


class AnswerCounts(ProcessState):
    """by_status: since the process started. by_minute: since the last flush, by surface, content id
    of the version, minute since 1970, and column."""

    every = FLUSH_SECONDS

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self.by_status: Counter[str] = Counter()
            self.by_minute: Counter[tuple[int, str, int, str]] = Counter()

    def count(self, names: Sequence[str]) -> None:
        with self._lock:
            self.by_status.update(names)

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(sorted(self.by_status.items()))

    def answered(self, surface: int, content: str, minute: int, columns: Sequence[str]) -> None:
        with self._lock:
            for column in columns:
                self.by_minute[surface, content, minute, column] += 1

    def renew(self) -> None:
        self.flush()

    def flush(self) -> None:
        """Adds the counts to the rows; if writing fails, they are kept for the next flush."""
        with self._lock:
            taken, self.by_minute = self.by_minute, Counter()
        try:
            with database.atomic():
                _write(taken)
        except Exception:
            with self._lock:
                self.by_minute.update(taken)
            raise


answer_counts = AnswerCounts()
refresher.register(answer_counts)


def count(*names: str) -> None:
    """Adds one to each status."""
    answer_counts.count(names)
    for name in names:
        LAYOUTS.labels(name).inc()


def counts() -> dict[str, int]:
    """Answers by status, sorted by name."""
    return answer_counts.counts()


def answered(
    surface: int, content: str, now: datetime, *, fell_back: bool, failed: bool = False
) -> None:
    """Counts one answer to a subject in its minute.

    content: id of the version that should have decided, or empty if there is none; fell_back:
    another layout was served instead; failed: deciding raised an error.
    """
    if not content:
        return
    columns = ["answers", *["errors"] * failed, *["fallbacks"] * fell_back]
    answer_counts.answered(surface, content, int(now.timestamp() // 60), columns)


def _write(taken: Counter[tuple[int, str, int, str]]) -> None:
    known = set(Surface.objects.values_list("pk", flat=True))  # others were deleted since
    for surface, content, minute in sorted({key[:3] for key in taken if key[0] in known}):
        row, _ = LiveMinute.objects.get_or_create(
            surface_id=surface, content=content, minute=datetime.fromtimestamp(60 * minute, UTC)
        )
        columns = ("answers", "errors", "fallbacks")
        more = {c: F(c) + taken[surface, content, minute, c] for c in columns}
        LiveMinute.objects.filter(pk=row.pk).update(**more)
