"""Loads versions into this process, each in its own thread.

A load may hang on its storage for ever. Then only that version is missing, and the log and
`/health/ready` name it. A version is never loaded twice at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connections

from uiengine.model.prediction import Version
from webapp.codebooks.models import CodebookVersion
from webapp.codebooks.registry import artefacts

log = logging.getLogger(__name__)
MOST = 8
"""Concurrent loads; if this many hang, no further load begins."""
LATE = 30.0
"""Seconds after which a load counts as hanging."""
REFUSED = 10.0
"""Seconds before a version that could not be loaded is tried again."""


@dataclass
class VersionLoad:
    version: str
    thread: threading.Thread
    since: float
    is_reported: bool = False

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.since


class Loading:
    """Versions that this process has loaded, could not load, or is loading.

    done: called by the loading thread after each load, whether it succeeded or not. is_complete:
    whether all that was asked for before the last `forget_unwanted` was there.
    """

    def __init__(self, done: Callable[[], None]) -> None:
        self._done = done
        self._loaded: dict[str, Version] = {}
        self._refused: dict[str, float] = {}
        self._under_way: dict[str, VersionLoad] = {}
        self._wanted: set[str] = set()
        self._missed: set[str] = set()
        self.is_complete = False

    def version(self, row: CodebookVersion, *, wait: float) -> Version | None:
        """Returns a version, or None while it is being loaded or after it was refused.

        Not safe for concurrent callers. wait: seconds to wait for a load that begins here.
        """
        name = _content(row)
        self._wanted.add(name)
        # Threads are looked at before results, so a load that ends in between is not repeated.
        self._under_way = {n: p for n, p in self._under_way.items() if p.thread.is_alive()}
        is_wanted = name not in self._loaded and not self.is_refused(row)
        if is_wanted and name not in self._under_way and len(self._under_way) < MOST:
            self._begin(name, row).join(wait)
        found = self._loaded.get(name)
        if found is None:
            self._missed.add(name)
        return found

    def forget_unwanted(self) -> None:
        """Drops the versions that were not asked for since the last call: they serve no more."""
        wanted, self._wanted = self._wanted, set()
        self.is_complete = not self._missed
        self._missed = set()
        for kept in (self._loaded, self._refused):
            for name in kept.keys() - wanted:
                del kept[name]

    def is_refused(self, row: CodebookVersion) -> bool:
        """Returns True for some seconds after a failed load; then the version is tried again."""
        return time.monotonic() - self._refused.get(_content(row), -60.0) < REFUSED

    def late(self) -> list[VersionLoad]:
        """Loads that have been running for longer than LATE."""
        loads = list(self._under_way.values())
        return [load for load in loads if load.thread.is_alive() and load.seconds > LATE]

    def refused(self) -> list[str]:
        """Names of wanted versions whose last load failed."""
        now = time.monotonic()  # a wanted version is retried, so its refusal stays recent
        found = {n for n, at in list(self._refused.items()) if now - at < LATE}
        return sorted(name.rpartition(" ")[0] for name in found - self._loaded.keys())

    def report(self) -> None:
        """Logs each hanging load once."""
        for load in self.late():
            if not load.is_reported:
                load.is_reported = True
                extra = {"version": load.version, "seconds": round(load.seconds)}
                log.error("serving.version_hangs", extra=extra)

    def join(self, until: float) -> None:
        """Waits for running loads until `until`, in seconds of the monotonic clock."""
        for load in list(self._under_way.values()):
            load.thread.join(max(until - time.monotonic(), 0.0))

    def _begin(self, name: str, row: CodebookVersion) -> threading.Thread:
        def load() -> None:
            self._load(name, row)
            connections.close_all()  # a storage may keep files in a database
            self._done()

        thread = threading.Thread(target=load, name=f"uiengine-loading-{row.name}", daemon=True)
        self._under_way[name] = VersionLoad(row.name, thread, time.monotonic())
        thread.start()
        return thread

    def _load(self, name: str, row: CodebookVersion) -> None:
        try:
            self._loaded[name] = artefacts.load(row.folder, row.manifest)
        except Exception:  # a bad file must not keep other pages from being served
            self._refused[name] = time.monotonic()
            log.exception("serving.version_refused", extra={"version": row.name})


def _content(row: CodebookVersion) -> str:
    return f"{row.name} {row.manifest.get('id')}"
