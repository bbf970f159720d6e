"""How long threads wait for a database that says nothing.

A stopped server, or a network that swallows packets, breaks no connection: each statement would
wait for ever, and its thread with it. In a process that answers requests, a statement that has
waited for half of UIENGINE_DATABASE_MS therefore lets the database be asked on another connection.
Silence counts, not time in all, as connecting takes several roundtrips: a database that says
nothing for half of UIENGINE_DATABASE_MS at any step is away. What waits in this process then ends
with an error, and what comes is refused at once. Once a second it is asked again.

The answer says, too, whether the database has a statement of the connection that waits. If it has
none, the network in between has lost the connection, and this one alone ends.

Celery workers and commands wait as long as they are let: nobody waits for them.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from typing import Any

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


Ask = Callable[[Sequence[int]], set[int] | None]
"""Asks on a connection of its own. Of the given processes of the server, returns those that have no
statement; None if the database does not answer."""


class Watch:
    """Whether one database is there, as far as this process knows.

    asked_at: when that was asked last, by the monotonic clock. late: server processes whose answers
    are late, and since when the database says that they have no statement (infinite: it does not
    say so). left: connections in the making that no request waits for; `lock` guards them.
    """

    def __init__(self) -> None:
        self.is_away = False
        self.asked_at = -inf
        self.late: dict[int, float] = {}
        self.left: list[Any] = []
        self.lock = threading.Lock()
        self._answered = threading.Event()
        self._answered.set()

    def question(self, ask: Ask, since: float) -> threading.Event | None:
        """Asks in a thread of its own, unless that was done since then or is being done.

        Returns what is set with the answer, or None if it does not ask.
        """
        with self.lock:
            if self.asked_at >= since or not self._answered.is_set():
                return None
            self.asked_at, self._answered = time.monotonic(), threading.Event()
        asking = (ask, self._answered)
        threading.Thread(
            target=self._asks, args=asking, name="uiengine-asking", daemon=True
        ).start()
        return self._answered

    def refuses(self, ask: Ask) -> bool:
        """Returns True if the database is away; one caller in AGAIN seconds asks and waits."""
        if not self.is_away:
            return False
        now = time.monotonic()
        if asked := self.question(ask, now - AGAIN):
            asked.wait(max(0.0, min(seconds() / 2, until() - now)))
        return self.is_away

    def _asks(self, ask: Ask, answered: threading.Event) -> None:
        try:
            pids = list(self.late)
            idle = ask(pids)
            self.is_away = idle is None
            now = time.monotonic()
            for pid in pids:
                is_idle = idle is not None and pid in idle
                if pid in self.late:
                    self.late[pid] = min(self.late[pid], now) if is_idle else inf
        finally:
            answered.set()


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
