"""What a connection waits for, and how it ends, by itself."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connections
from psycopg.conninfo import conninfo_to_dict

from tests.patience import PATIENCE, within_its_seconds
from tests.webapp.deploy.place import fresh_database
from webapp.postgres.base import DatabaseWrapper
from webapp.postgres.connection import Wanted, connect
from webapp.postgres.patience import Watch, patience, watches

MILLISECONDS = 600


@pytest.fixture
def wanted(settings, monkeypatch) -> Iterator[dict[str, Any]]:
    """How to connect, in a process that answers requests."""
    settings.UIENGINE_DATABASE_MS = MILLISECONDS
    watch = Watch()
    monkeypatch.setattr(watches, "of", lambda alias: watch)
    with fresh_database() as address:
        yield {**conninfo_to_dict(address), "host": "localhost"}


@within_its_seconds
def test_a_name_that_is_looked_up_slowly_holds_nobody_up(wanted, monkeypatch):
    """What was begun is there for the next; nobody takes the database for one that is away."""
    found, looked_up = threading.Event(), socket.getaddrinfo

    def slowly(*args: Any, **options: Any) -> Any:
        found.wait()
        return looked_up(*args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    try:
        for block, most in ((patience(0.6), 0.5), (patience(), 1.0), (patience(), 0.3)):
            began = time.monotonic()
            with block, pytest.raises(psycopg.OperationalError):
                connect("default", Wanted(wanted))
            assert time.monotonic() - began < most
        assert not watches.of("default").is_away
        assert _names() == 1, "the one lookup is waited for by all"
    finally:
        found.set()
    connection = _once_it_is_there(wanted)
    assert connection.execute("SELECT 1").fetchone() == (1,)
    connection.close()


def test_a_lock_that_is_waited_for_is_no_lost_connection(wanted):
    with (
        connect("default", Wanted(wanted)) as mine,
        connect("default", Wanted(wanted)) as other,
    ):
        other.execute("SELECT pg_advisory_lock(1)")
        let_go = threading.Timer(3, lambda: other.execute("SELECT pg_advisory_unlock(1)"))
        let_go.start()
        assert mine.execute("SELECT 1 FROM pg_advisory_lock(1)").fetchone() == (1,)


def test_the_session_has_the_zone_that_django_asks_for(wanted):
    with connect("default", Wanted(wanted, "Asia/Kathmandu")) as connection:
        assert connection.info.parameter_status("TimeZone") == "Asia/Kathmandu"
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_the_system_ends_connections_whose_packets_are_lost(wanted):
    settings = {**connections["default"].settings_dict, "OPTIONS": {}, "NAME": wanted["dbname"]}
    settings.update(USER=wanted["user"], PASSWORD="", HOST="127.0.0.1", PORT=wanted.get("port", ""))
    wrapper = DatabaseWrapper(settings, "default")
    connection = wrapper.get_new_connection(wrapper.get_connection_params())
    with socket.socket(fileno=socket.dup(connection.fileno())) as seen:
        kept_alive = seen.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        limit = seen.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        idle = seen.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
    connection.close()

    assert kept_alive
    assert 0 < limit <= 30_000, "milliseconds"
    assert 0 < idle <= 30, "seconds"


def _once_it_is_there(wanted: dict[str, Any]) -> psycopg.Connection[Any]:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return connect("default", Wanted(wanted))
        except psycopg.OperationalError:
            assert time.monotonic() < deadline


def _names() -> int:
    return sum(thread.name == "uiengine-connecting" for thread in threading.enumerate())
