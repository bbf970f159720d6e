"""A connection whose waits end when the database is away (see `patience`)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from typing import Any

import psycopg

from webapp.postgres.patience import AGAIN, Watch, patience, seconds, until, watches

FULL = re.compile("too many|connection slots|no more connections")
"""Of PostgreSQL's and PgBouncer's words where the server is there but has no connection left; the
error of a connection that failed bears no SQLSTATE."""
BEAT = 0.1
"""Seconds between two looks of psycopg at a statement that waits."""
Waiting = Generator[Any, Any, Any]
_is_hurried: ContextVar[bool] = ContextVar("uiengine_is_hurried", default=False)


class Connection(psycopg.Connection[Any]):
    """alias: of its database in Django; None for a question whether that is there."""

    alias: str | None = None
    ask: Callable[[], bool]

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        ends, watch = until(), watches.of(self.alias) if self.alias else None
        if watch and watch.refuses(self.ask):
            raise psycopg.OperationalError("The database is away.")
        if watch or ends < inf:
            gen = self._watched(gen, ends, watch)
        return super().wait(gen, *args, **options)

    def _watched(self, gen: Waiting, ends: float, watch: Watch | None) -> Waiting:
        """Passes on what psycopg says, which is nothing (0) after each beat of silence."""
        silent_since = None
        try:
            step = next(gen)
            while True:
                ready = yield step
                if ready:
                    silent_since = None
                else:
                    now = time.monotonic()
                    silent_since = silent_since or now - BEAT
                    if now >= ends or (watch and self._is_lost(watch, now - silent_since)):
                        self.close()  # its answer would be taken for the next statement's
                        raise psycopg.OperationalError("The database does not answer.")
                step = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _is_lost(self, watch: Watch, silent: float) -> bool:
        since = time.monotonic() - min(silent, AGAIN)
        is_late = silent >= seconds() / 2
        return watch.is_away or (is_late and not watch.is_there(self.ask, since))

    @classmethod
    def _connect_gen(cls, *args: Any, **options: Any) -> Waiting:
        gen = super()._connect_gen(*args, **options)
        return _in_time(gen, until()) if _is_hurried.get() else gen


def _in_time(gen: Waiting, ends: float) -> Waiting:
    try:
        step = next(gen)
        while True:
            ready = yield step
            if not ready and time.monotonic() >= ends:
                raise psycopg.OperationalError("The database takes no connection.")
            step = gen.send(ready)
    except StopIteration as end:
        return end.value


def connect(alias: str, **parameters: Any) -> Connection:
    """Connects; in a process that answers requests, within half of UIENGINE_DATABASE_MS."""
    watch = watches.of(alias)

    def ask() -> bool:
        return _answers(parameters)

    if watch and watch.refuses(ask):
        raise psycopg.OperationalError("The database is away.")
    found = _connected(watch, parameters) if watch else Connection.connect(**parameters)
    found.alias, found.ask = alias, ask
    return found


def _connected(watch: Watch, parameters: dict[str, Any]) -> Connection:
    started = time.monotonic()
    try:
        with _hurried():
            return Connection.connect(**parameters)
    except psycopg.Error:
        if time.monotonic() - started >= seconds() / 2:
            watch.is_away, watch.asked_at = True, time.monotonic()
        raise


def _answers(parameters: dict[str, Any]) -> bool:
    try:
        with _hurried(), Connection.connect(**parameters) as asked:
            asked.execute("SELECT 1")
    except psycopg.Error as error:
        return bool(FULL.search(str(error)))
    return True


@contextmanager
def _hurried() -> Iterator[None]:
    token = _is_hurried.set(True)
    try:
        with patience(seconds() / 2):
            yield
    finally:
        _is_hurried.reset(token)
