"""Versions on their way into this process, each loaded by a thread of its own.

A storage may keep a load waiting for ever: then that version alone is missing, and a line in the
log and `/health/ready` say which. The same version is never loaded twice at once.
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
"""Loads at once. Where so many hang, no other is begun."""
LATE = 30.0
"""Seconds after which a load is said to hang."""
REFUSED = 10.0
"""Seconds for which a version that could not be loaded is not tried again."""


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
    """What this process has loaded, could not load, and is loading.

    done: called by the loading thread after each load, whatever came of it.
    """

    def __init__(self, done: Callable[[], None]) -> None:
        self._done = done
        self._loaded: dict[str, Version] = {}
        self._refused: dict[str, float] = {}
        self._under_way: dict[str, VersionLoad] = {}

    def version(self, row: CodebookVersion, *, wait: float) -> Version | None:
        """None where it was refused, or is being loaded. One caller at a time.

        wait: seconds for which a load that is begun here is waited for.
        """
        name = _content(row)
        # First who is at it, then what came of it: one that ends meanwhile is not loaded again.
        self._under_way = {n: p for n, p in self._under_way.items() if p.thread.is_alive()}
        is_wanted = name not in self._loaded and not self.is_refused(row)
        if is_wanted and name not in self._under_way and len(self._under_way) < MOST:
            self._begin(name, row).join(wait)
        return self._loaded.get(name)

    def is_refused(self, row: CodebookVersion) -> bool:
        """Returns True for REFUSED seconds after a failed load; then the load is tried again."""
        return time.monotonic() - self._refused.get(_content(row), -60.0) < REFUSED

    def late(self) -> list[VersionLoad]:
        loads = list(self._under_way.values())
        return [load for load in loads if load.thread.is_alive() and load.seconds > LATE]

    def refused(self) -> list[str]:
        """Names of the versions that are wanted and could not be loaded the last time."""
        now = time.monotonic()  # one that is wanted is tried again, and refused again, in seconds
        found = {n for n, at in list(self._refused.items()) if now - at < LATE}
        return sorted(name.rpartition(" ")[0] for name in found - self._loaded.keys())

    def report(self) -> None:
        """A line for each version that hangs, once."""
        for load in self.late():
            if not load.is_reported:
                load.is_reported = True
                extra = {"version": load.version, "seconds": round(load.seconds)}
                log.error("serving.version_hangs", extra=extra)

    def join(self, until: float) -> None:
        """Waits for what is being loaded, at most until a time of the monotonic clock."""
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
        except Exception:  # whatever is wrong with a file, the other pages are served
            self._refused[name] = time.monotonic()
            log.exception("serving.version_refused", extra={"version": row.name})


def _content(row: CodebookVersion) -> str:
    return f"{row.name} {row.manifest.get('id')}"
