"""A server without a free connection is not away: what works there goes on."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.webapp.deploy.place import POSTGRES, fresh_database
from webapp.postgres.connection import Wanted


@pytest.fixture
def alone() -> Iterator[dict[str, Any]]:
    """How a role connects that may have one connection."""
    role = f"alone_{secrets.token_hex(4)}"
    with fresh_database() as address, psycopg.connect(POSTGRES, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1")
        try:
            yield {**conninfo_to_dict(address), "user": role}
        finally:
            admin.execute(f"DROP ROLE {role}")


def test_a_server_that_is_full_is_there(alone: dict[str, Any]) -> None:
    with psycopg.connect(**alone), pytest.raises(psycopg.OperationalError):
        psycopg.connect(**alone)
    with psycopg.connect(**alone):
        assert Wanted(alone).answer([]) == set()


def test_one_that_refuses_is_away(alone: dict[str, Any]) -> None:
    assert Wanted({**alone, "host": "127.0.0.1", "port": "1"}).answer([]) is None
