"""Statements that a connection to PostgreSQL plans once and then only runs.

The server takes five times as long to plan the statement of a fresh layout as to run it. Prepared
by name, in SQL, so that Django sees the query like any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import DatabaseError
from django.db.backends.utils import CursorWrapper

GONE = frozenset({"26000", "42P05", "0A000"})
"""Codes for: no such statement, there is one already (a pooler gave us another connection's), its
columns have changed since."""


def execute_prepared(cursor: CursorWrapper, statement: str, values: Sequence[Any]) -> None:
    """Runs `statement`, which has %s for each value, and nothing else with a % in it.

    As it is wherever that cannot be: on SQLite, within a transaction (which an error would end),
    behind a pooler that changes connections between transactions.
    """
    wrapper: Any = cursor.db
    is_in_transaction = wrapper.in_atomic_block or not wrapper.get_autocommit()
    if is_in_transaction or not getattr(wrapper, "prepares", False):
        cursor.execute(statement, values)
        return
    name = _name(statement)
    try:
        if name not in wrapper.prepared:
            numbered = statement % tuple(f"${i + 1}" for i in range(len(values)))
            cursor.execute(f"PREPARE {name} AS {numbered}")
            wrapper.prepared.add(name)
        cursor.execute(f"EXECUTE {name}({', '.join(['%s'] * len(values))})", values)
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) not in GONE:
            raise
        wrapper.prepares = False
        cursor.execute(statement, values)


@lru_cache(maxsize=64)
def _name(statement: str) -> str:
    """Stands for these words alone, whoever prepared them."""
    return f"prepared_{hashlib.sha256(statement.encode()).hexdigest()[:16]}"
