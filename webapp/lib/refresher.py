"""What a process keeps in memory between requests, and the one thread that renews it.

Whatever must be renewed is a `ProcessState` and registers itself. The thread starts once per
process, with the first request that needs it, because a thread does not survive the fork of a web
server.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time

from django.conf import settings
from django.db import close_old_connections, connections

log = logging.getLogger(__name__)
LAST_WAIT = 5.0
"""Seconds for which an ending process waits: a thread stopped inside ONNX Runtime aborts it."""


class ProcessState:
    """every: seconds between two renewals; 0 renews with each beat (UIENGINE_REFRESH_MS)."""

    every = 0.0

    def renew(self) -> None:
        """Called by the thread, off the path of requests."""

    def clear(self) -> None:
        """Returns to the state of a process that has just started."""

    def stop(self, until: float) -> None:
        """Ends threads of its own, waiting at most until a time of the monotonic clock."""


class Refresher:
    """The registered states of this process and the thread that renews them."""

    def __init__(self) -> None:
        self._states: list[ProcessState] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._begin()

    def register(self, state: ProcessState) -> None:
        self._states.append(state)

    def start(self) -> None:
        """Starts the thread where it does not run yet in this process."""
        with self._lock:
            if self.is_running():
                return
            self._pid, name = os.getpid(), "uiengine-refresher"
            beat = (settings.UIENGINE_REFRESH_MS / 1000,)
            self._thread = threading.Thread(target=self._run, args=beat, name=name, daemon=True)
            self._thread.start()

    def is_running(self) -> bool:
        return bool(self._thread and self._thread.is_alive() and self._pid == os.getpid())

    def hurry(self) -> None:
        """Begins the next beat at once."""
        self._due.set()

    def stop(self) -> None:
        """Ends the thread, its connections and the states' own threads; not one that hangs."""
        self._is_stopped = True
        self._due.set()
        until = time.monotonic() + LAST_WAIT
        if self._thread:
            self._thread.join(LAST_WAIT)
        for state in self._states:
            state.stop(until)

    def clear(self) -> None:
        """Returns to a process that has just started. Call `stop` first."""
        self._begin()
        for state in self._states:
            state.clear()

    def _begin(self) -> None:
        self._thread = None
        self._due = threading.Event()
        self._is_stopped = False
        self._pid = 0

    def _run(self, beat: float) -> None:
        """beat: seconds."""
        last = {id(state): time.monotonic() for state in self._states}
        while True:
            self._due.wait(beat)
            if self._is_stopped:
                break
            self._due.clear()
            try:
                close_old_connections()
                for state in list(self._states):
                    now = time.monotonic()
                    if now - last.setdefault(id(state), now - state.every) >= state.every:
                        last[id(state)] = now
                        state.renew()
            except Exception:
                log.warning("serving.refresh_failed", exc_info=True)
        connections.close_all()


refresher = Refresher()
atexit.register(refresher.stop)
