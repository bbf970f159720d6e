"""Connections to Redis for the cache. Needs the extra `redis`; imported when a cache is made."""

from __future__ import annotations

import socket
import struct

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def one_retry() -> Retry:
    """Tries once more at once, where a kept connection broke. redis-py's own waits for seconds."""
    return Retry(NoBackoff(), 1)


class Connection(redis.Connection):
    """Its timeouts are the kernel's: Python's own ask whether a socket is ready before every send
    and receive, and let other threads in each time."""

    def _connect(self) -> socket.socket:
        made: socket.socket = super()._connect()  # type: ignore[no-untyped-call]
        if self.socket_timeout:
            made.settimeout(None)
            seconds, rest = divmod(self.socket_timeout, 1)
            limit = struct.pack("@ll", int(seconds), int(rest * 1e6))
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        return made
