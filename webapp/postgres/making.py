"""Connections that are made aside, and go on when the request that wanted one gives up.

To connect takes up to six roundtrips (TCP, TLS, a password). Where the database is far, a request
for a layout may not wait that long, and one begun anew by each request would never be there. In a
thread of its own it is ready for the next. Looking up the host's name, which nothing can interrupt,
holds no request up either.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextvars import ContextVar
from typing import Any

import psycopg

from webapp.postgres.patience import Watch, seconds

BEAT = 0.1
"""Seconds between two looks of psycopg at what it waits for."""
KEPT = 30.0
"""Seconds that a connection that nobody waits for is kept for the next request."""
Waiting = Generator[Any, Any, Any]
stepping: ContextVar[Callable[[], None] | None] = ContextVar("uiengine_stepping", default=None)
"""Called at each step of a connection that is made aside; None elsewhere."""


class SilentError(psycopg.OperationalError):
    """The server, or what stands before it, took a connection and says nothing."""


class Making:
    """A connection in the making, or one that is made and not taken yet.

    kind: what another must equal to be as good.
    """

    def __init__(self, kind: object, connect: Callable[[], Any]) -> None:
        self.kind = kind
        self._connect = connect
        self._began_at = time.monotonic()
        self._is_resolved = self._is_closed = False
        self._connection: Any = None
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self._done, self._taken = threading.Event(), threading.Event()
        threading.Thread(target=self._make, name="uiengine-connecting", daemon=True).start()

    def wait(self, ends: float) -> bool:
        """Returns True if it came to an end by then (monotonic clock).

        Until the host's name is found it is not waited for longer than UIENGINE_DATABASE_MS from
        its beginning.
        """
        while True:
            found_by = ends if self._is_resolved else min(ends, self._began_at + seconds())
            left = found_by - time.monotonic()
            if self._done.wait(max(0.0, min(left, BEAT))):
                return True
            if left <= 0:
                return False

    def take(self) -> Any:
        """Returns the connection, once; None if it was closed because nobody had taken it.

        Raises what it failed with.
        """
        with self._lock:
            if self._error is not None:
                raise self._error
            self._taken.set()
            return None if self._is_closed else self._connection

    @property
    def is_over(self) -> bool:
        """Whether nothing can be had of it any more."""
        return self._error is not None or self._is_closed or self._taken.is_set()

    def _make(self) -> None:
        stepping.set(self._steps)
        try:
            self._connection = self._connect()
        except BaseException as error:  # raised where it is waited for
            self._error = error
        self._done.set()
        if self._error is None and not self._taken.wait(KEPT):
            self._close()

    def _close(self) -> None:
        with self._lock:
            if not self._taken.is_set():
                self._is_closed = True
                self._connection.close()

    def _steps(self) -> None:
        self._is_resolved = True


def leave(watch: Watch, making: Making) -> None:
    """Leaves a connection to the next request."""
    with watch.lock:
        watch.left = [other for other in watch.left if not other.is_over] + [making]


def claim(watch: Watch, kind: object) -> Making | None:
    """Returns one of this kind that was left, or None."""
    with watch.lock:
        making: Making
        for making in watch.left:
            if not making.is_over and making.kind == kind:
                watch.left.remove(making)
                return making
    return None


def in_steps(gen: Waiting, steps: Callable[[], None]) -> Waiting:
    """Passes on what libpq says while it connects. Raises SilentError once the server has said
    nothing for half of UIENGINE_DATABASE_MS, however far the connection is."""
    try:
        step = next(gen)
        steps()
        heard_at = time.monotonic()
        while True:
            ready = yield step
            now = time.monotonic()
            if ready:
                heard_at = now
            elif now - heard_at >= seconds() / 2:
                raise SilentError("The database takes no connection.")
            step = gen.send(ready)
    except StopIteration as end:
        return end.value
