"""Backend module that `ENGINE` names (see `webapp.env`); Django requires the name `base`."""

from __future__ import annotations

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """prepares, prepared: state of the current connection, see `webapp.postgres.prepared`."""

    prepares = True

    def get_new_connection(self, conn_params: Any) -> Any:
        self.prepares, self.prepared = True, set[str]()
        return super().get_new_connection(conn_params)

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
