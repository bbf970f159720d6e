"""The state that a process keeps between requests, and the one thread that renews it.

State that must be renewed is a `ProcessState` and registers itself. The thread starts once per
process, with the first request that needs it, because threads do not survive a web server's fork.
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
"""Seconds that an ending process waits: a thread killed inside ONNX Runtime would abort it."""


class ProcessState:
    """every: seconds between two renewals; 0 renews with each beat (UIENGINE_REFRESH_MS)."""

    every = 0.0

    def renew(self) -> None:
        """Called by the thread, outside requests."""

    def clear(self) -> None:
        """Resets to the state of a new process."""

    def pause(self) -> None:
        """Called when the thread has ended, but not the process: the next request starts it."""

    def stop(self, until: float) -> None:
        """Ends the state's own threads, waiting until `until` (monotonic clock, seconds) at
        most."""


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
        """Starts the thread, unless it runs already in this process."""
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
        """Ends the thread and the states' own threads, waiting LAST_WAIT seconds at most."""
        self._is_stopped = True
        self._due.set()
        until = time.monotonic() + LAST_WAIT
        if self._thread:
            self._thread.join(LAST_WAIT)
        for state in self._states:
            state.stop(until)

    def pause(self) -> None:
        """Ends the thread until a request needs it, here or in a fork of this process."""
        self.stop()
        self._begin()
        for state in self._states:
            state.pause()

    def clear(self) -> None:
        """Resets to a new process. Call `stop` first."""
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
