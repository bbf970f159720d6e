"""How often this process gave which answer, since it started.

adapted, default, frozen, dry_run, fallback, not_modified   every answer, by status
system_1          of them, decided without a search: the decoded order, as far as rules allow
budget_lowered    of them, searched with fewer candidates than configured
throttled, failed why a fallback was served
"""

from __future__ import annotations

import threading
from collections import Counter

from webapp.telemetry.metrics import LAYOUTS

_counts: Counter[str] = Counter()
_lock = threading.Lock()


def count(*names: str) -> None:
    with _lock:
        for name in names:
            _counts[name] += 1
    for name in names:
        LAYOUTS.labels(name).inc()


def counts() -> dict[str, int]:
    """As of now, sorted by name."""
    with _lock:
        return dict(sorted(_counts.items()))
