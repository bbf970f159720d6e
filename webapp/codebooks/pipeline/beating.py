"""Renews a lease from a separate thread, because some work shows no progress for minutes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from django.db import DatabaseError

from webapp.lib import database

log = logging.getLogger(__name__)
BEAT_SECONDS = 20.0


class LostError(Exception):
    """The lease was lost to another worker; this worker's results are void."""


@contextmanager
def beating(renew: Callable[[], None], name: str) -> Iterator[None]:
    """Calls `renew` until the end of the block, or until it raises LostError."""
    over = Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                renew()
            except LostError:
                break
            except DatabaseError:
                log.warning("run.beat_failed", exc_info=True)
        database.connection().close()

    thread = Thread(target=beat, daemon=True, name=name)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
