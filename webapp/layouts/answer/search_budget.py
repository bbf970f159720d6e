"""How many candidates this process can afford to search now.

A decision's processor time, times the decisions under way in this process, is about how long the
next one takes. While that fits into what is left of UIENGINE_DEADLINE_MS, the configured budget
stands; beyond it the budget shrinks in proportion, down to System 1, which searches nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

LEAST = 4
"""Candidates. A search among fewer finds nothing that System 1 would not serve."""
SYSTEM_1 = 1
"""The budget that means: no search."""
MEMORY = 0.1
"""Weight of the latest decision in the mean of processor times."""


class Load:
    """Of one process. under_way: decisions being made or waited for; seconds: processor time of
    recent ones."""

    def __init__(self) -> None:
        self.under_way = 0
        self.seconds = 0.0
        self._lock = threading.Lock()
        self._turn = threading.RLock()

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Around every decision and its rendering: one at a time, the others wait.

        A process computes in one thread at a time anyway, and threads that take turns in the midst
        of decisions need a quarter more processor time for each.
        """
        with self._lock:
            self.under_way += 1
        try:
            with self._turn:
                start = time.thread_time()
                yield
                self.seconds += MEMORY * (time.thread_time() - start - self.seconds)
        finally:
            with self._lock:
                self.under_way -= 1

    def budget(self, most: int, *, left: float) -> int:
        """Candidates that fit into `left` seconds, from `most` down to SYSTEM_1."""
        expected = (self.under_way + 1) * self.seconds
        if 0 < left >= expected:
            return most
        affordable = int(most * left / expected) if left > 0 else 0
        return affordable if affordable >= LEAST else SYSTEM_1


load = Load()
