"""Backend module that `ENGINE` names (see `webapp.env`); Django requires the name `base`."""

from __future__ import annotations

import select
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from psycopg import errors

from webapp.postgres.connection import Connection, Wanted, connect

GONE = (
    errors.InvalidSqlStatementName,  # no such statement
    errors.DuplicatePreparedStatement,  # a pooler passed on another client's connection
    errors.FeatureNotSupported,  # the statement's result columns have changed
)
LOST = {
    "keepalives_idle": 10,  # seconds
    "keepalives_interval": 5,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
"""When the system ends a connection whose packets nobody confirms, in workers and commands, too: by
itself it takes a quarter of an hour to hours. OPTIONS may name other values."""


class PreparedCursor(base.ServerBindingCursor):
    """Makes the server plan each statement once per connection (psycopg's `prepare`).

    That takes a roundtrip of its own, so it is done when a connection runs the statement for the
    second time. If the server lost a statement, or a pooler switched connections, the statement
    runs unprepared, and this connection prepares no more statements.
    """

    def __init__(self, wrapper: DatabaseWrapper) -> None:
        super().__init__(wrapper.connection)  # type: ignore[call-arg]
        self._wrapper = wrapper

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        try:
            return super().execute(query, params, **options)  # type: ignore[misc]
        except GONE:
            self._wrapper.prepares = False
            return super().execute(query, params, prepare=False, **options)  # type: ignore[misc]


class DatabaseWrapper(base.DatabaseWrapper):
    """prepares: whether the current connection may prepare statements. _kept: its cursor for
    `prepared_rows`.

    With DISABLE_SERVER_SIDE_CURSORS, Django's setting for poolers by transaction, none does.
    """

    prepares = True
    _kept: Any = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        driver: Any = SimpleNamespace(**vars(psycopg))
        driver.connect = self._connect
        self.Database = driver

    def _connect(self, **parameters: Any) -> Connection:
        return connect(self.alias, Wanted(parameters, self.timezone_name or ""))

    def get_connection_params(self) -> dict[str, Any]:
        return {**LOST, **super().get_connection_params()}

    def get_new_connection(self, conn_params: Any) -> Any:
        self.prepares = not self.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
        self._kept = None
        connection = super().get_new_connection(conn_params)
        connection.prepare_threshold = 1  # Django's None forbids preparing; plain cursors never do
        return connection

    def prepared_cursor(self) -> CursorWrapper:
        """Returns a cursor that prepares its statements, where the connection allows it.

        In a transaction it returns a plain cursor, as the error of a lost statement would abort it.
        """
        if self.in_atomic_block or not self.get_autocommit() or not self.prepares:
            return self.cursor()
        self.close_if_health_check_failed()
        self.ensure_connection()
        cursor: CursorWrapper = self._prepare_cursor(PreparedCursor(self))  # type: ignore[attr-defined]
        return cursor

    def prepared_rows(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Runs a statement as by `prepared_cursor` and returns all rows.

        One cursor is kept for them, as making one takes longer than such a statement; but not where
        somebody looks on: in a transaction, with DEBUG, or with a wrapper around statements.
        """
        is_watched = self.queries_logged or self.execute_wrappers
        if is_watched or self.in_atomic_block or not self.get_autocommit() or not self.prepares:
            with self.prepared_cursor() as cursor:
                cursor.execute(statement, values)
                return list(cursor.fetchall())
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            self._kept = self._kept or PreparedCursor(self)
            self._kept.execute(statement, values)
            return list(self._kept.fetchall())

    def is_usable(self) -> bool:
        """Says whether a persistent connection is still open, without a query in the usual case.

        Django sends a query per request. A server that closed the connection has left something to
        read on the socket, so the query is sent only then.
        """
        connection = self.connection
        if connection is None or connection.closed:
            return False
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poll.poll(0) or bool(super().is_usable())
