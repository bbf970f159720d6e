"""Named by `ENGINE` (see `webapp.env`). Django wants a module of this name."""

from __future__ import annotations

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """prepares, prepared: see `webapp.postgres.prepared`; of the connection that stands."""

    prepares = True

    def get_new_connection(self, conn_params: Any) -> Any:
        self.prepares, self.prepared = True, set[str]()
        return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """Whether a kept connection still stands. Django sends a query to find out, once per
        request; a server that ended a connection has said so on its socket, so that is looked at
        first, and asked is only where there is something to read."""
        connection = self.connection
        if connection is None or connection.closed:
            return False
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poll.poll(0) or bool(super().is_usable())
