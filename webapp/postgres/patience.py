"""How long threads wait for a database that says nothing.

A stopped server, or a network that swallows packets, breaks no connection: each statement would
wait for ever, and its thread with it. In a process that answers requests, a statement that has
waited for half of UIENGINE_DATABASE_MS therefore asks the database on another connection, for the
other half. Without an answer the database is away: what waits in this process ends with an error,
and what comes is refused at once. Once a second one statement asks again.

Celery workers and commands wait as long as they are let: nobody waits for them.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf

from django.conf import settings

AGAIN = 1.0
"""Seconds between two questions whether the database is there."""
_until: ContextVar[float] = ContextVar("uiengine_database_until", default=inf)


def until() -> float:
    """When the present block stops waiting, by the monotonic clock; infinite outside blocks."""
    return _until.get()


def seconds() -> float:
    return float(settings.UIENGINE_DATABASE_MS) / 1000


@contextmanager
def patience(seconds: float = inf) -> Iterator[None]:
    """Ends waits for the database that last beyond these seconds from now, for all of the block."""
    token = _until.set(min(_until.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(token)


class Watch:
    """Whether one database is there, as far as this process knows.

    asked_at: when that was asked last, by the monotonic clock.
    """

    def __init__(self) -> None:
        self.is_away = False
        self.asked_at = -inf
        self._asking = threading.Lock()

    def is_there(self, ask: Callable[[], bool], since: float) -> bool:
        """Asks, unless that was done since then or another thread does it now; it then tells what
        is known."""
        if self.asked_at >= since or not self._asking.acquire(blocking=False):
            return not self.is_away
        try:
            self.asked_at = time.monotonic()
            self.is_away = not ask()
            return not self.is_away
        finally:
            self._asking.release()

    def refuses(self, ask: Callable[[], bool]) -> bool:
        """Returns True if the database is away; one caller in AGAIN seconds asks."""
        return self.is_away and not self.is_there(ask, time.monotonic() - AGAIN)


class Watches:
    """The watches of a process that answers requests, by the alias of the database."""

    def __init__(self) -> None:
        self._pid, self._known = 0, dict[str, Watch]()

    def begin(self) -> None:
        """Watches from now on, in this process."""
        if self._pid != os.getpid():  # locks of the process that this one is a fork of may be held
            self._known = {alias: Watch() for alias in settings.DATABASES}
            self._pid = os.getpid()

    def of(self, alias: str) -> Watch | None:
        """Returns None in processes that answer no requests."""
        return self._known.get(alias) if self._pid == os.getpid() else None


watches = Watches()
