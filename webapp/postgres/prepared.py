"""Prepares SQL statements, so that a PostgreSQL connection plans them once.

Planning the statement of a fresh layout takes the server five times as long as running it. PREPARE
and EXECUTE are sent as SQL, so that Django sees the query like any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import DatabaseError
from django.db.backends.utils import CursorWrapper

GONE = frozenset({"26000", "42P05", "0A000"})
"""SQLSTATEs of a missing statement, a duplicate (from a pooler's shared connection), and changed
result columns."""


def execute_prepared(cursor: CursorWrapper, statement: str, values: Sequence[Any]) -> None:
    """Runs `statement`, which has %s for each value and no other %.

    Falls back to plain execution on SQLite, in a transaction (which an error would abort), and
    behind a pooler that switches connections between transactions.
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
    """Derives the statement's name from a hash of its SQL."""
    return f"prepared_{hashlib.sha256(statement.encode()).hexdigest()[:16]}"
