"""A connection whose waits end when the database is away (see `patience`)."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import psycopg

from webapp.postgres.making import (
    BEAT,
    Making,
    SilentError,
    Waiting,
    claim,
    in_steps,
    leave,
    stepping,
)
from webapp.postgres.patience import AGAIN, Watch, patience, seconds, until, watches

FULL = re.compile("too many|connection slots|no more connections")
"""Of PostgreSQL's and PgBouncer's words where the server is there but has no connection left; the
error of a connection that failed bears no SQLSTATE."""
IDLE = (
    "SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s) AND state LIKE 'idle%%' "
    "AND usename = session_user AND datname = current_database()"
)
"""Of these server processes, the ones that have no statement. Behind a pooler the numbers are the
pooler's own and name none."""


class Connection(psycopg.Connection[Any]):
    """alias: of its database in Django; None for a question whether that is there."""

    alias: str | None = None
    wanted: Wanted

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        ends, watch = until(), watches.of(self.alias) if self.alias else None
        if watch and watch.refuses(self.wanted.answer):
            raise psycopg.OperationalError("The database is away.")
        if watch or ends < inf:
            gen = self._watched(gen, ends, watch)
        return super().wait(gen, *args, **options)

    def _watched(self, gen: Waiting, ends: float, watch: Watch | None) -> Waiting:
        """Passes on what psycopg says, which is nothing (0) after each beat of silence."""
        silent_since, pid = None, self.info.backend_pid
        try:
            step = next(gen)
            while True:
                ready = yield step
                if ready:
                    silent_since = None
                else:
                    now = time.monotonic()
                    silent_since = silent_since or now - BEAT
                    if now >= ends or (watch and self._is_lost(watch, pid, now, silent_since)):
                        self._give_up(watch)
                step = gen.send(ready)
        except StopIteration as end:
            return end.value
        finally:
            if watch and silent_since:
                watch.late.pop(pid, None)

    def _is_lost(self, watch: Watch, pid: int, now: float, silent_since: float) -> bool:
        """Whether no answer comes: the database is away, or has no statement of this connection's
        although it was sent, as where the network in between forgot the connection."""
        if watch.is_away:
            return True
        if now - silent_since < seconds() / 2:
            return False
        idle_at = watch.late.setdefault(pid, inf)
        watch.question(self.wanted.answer, max(silent_since, now - AGAIN))
        return silent_since <= idle_at <= now - seconds() / 2

    def _give_up(self, watch: Watch | None) -> None:
        """Closes the connection, whose answer would be taken for the next statement's."""
        self.close()
        if watch and not watch.is_away:
            leave(watch, Making(self.wanted, self.wanted.connected))
        raise psycopg.OperationalError("The database does not answer.")

    @classmethod
    def _connect_gen(cls, *args: Any, **options: Any) -> Waiting:
        gen, steps = super()._connect_gen(*args, **options), stepping.get()
        return in_steps(gen, steps) if steps else gen


@dataclass(frozen=True)
class Wanted:
    """How to connect. zone: the time zone of the session, or empty for the server's."""

    parameters: dict[str, Any]
    zone: str = ""

    def answer(self, pids: Sequence[int]) -> set[int] | None:
        """Asks the database which of these processes of its own have no statement.

        Returns None if it does not answer: each step may take half of UIENGINE_DATABASE_MS.
        """
        token = stepping.set(lambda: None)
        try:
            asked = Connection.connect(**{**self.parameters, "autocommit": True})
            try:
                with patience(seconds() / 2):
                    return {pid for (pid,) in asked.execute(IDLE, [list(pids)])}
            finally:
                asked.close()
        except psycopg.Error as error:
            return set() if FULL.search(str(error)) else None
        finally:
            stepping.reset(token)

    def connected(self) -> Connection:
        """Connects and sets the zone, which Django would do while the request waits."""
        found = Connection.connect(**{**self.parameters, "autocommit": True})
        if self.zone and found.info.parameter_status("TimeZone") != self.zone:
            with patience(seconds() / 2):
                found.execute("SELECT set_config('TimeZone', %s, false)", [self.zone])
        found.autocommit = bool(self.parameters.get("autocommit"))
        found.wanted = self
        return found


def connect(alias: str, wanted: Wanted) -> Connection:
    """Connects. In a process that answers requests, a block that is in a hurry waits for half of
    UIENGINE_DATABASE_MS, so that time is left for statements; what was begun is left to the next.
    """
    watch = watches.of(alias)
    if watch and watch.refuses(wanted.answer):
        raise psycopg.OperationalError("The database is away.")
    found = _made(watch, wanted) if watch else wanted.connected()
    found.alias = alias
    return found


def _made(watch: Watch, wanted: Wanted) -> Connection:
    found = None
    while found is None:
        making = claim(watch, wanted) or Making(wanted, wanted.connected)
        ends = min(until(), time.monotonic() + seconds() / 2) if until() < inf else inf
        if not making.wait(ends):
            leave(watch, making)
            raise psycopg.OperationalError("The database has not taken the connection yet.")
        try:
            found = making.take()
        except SilentError:
            watch.is_away, watch.asked_at = True, time.monotonic()
            raise
    made: Connection = found
    return made
