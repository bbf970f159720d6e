"""The database that our tables are in: `default`, or another that the host's routers send them to.

All of them are in one, which a system check sees to (see `webapp.layouts.routing_checks`), so their
queries may join and their transactions hold together. The host's own tables (users, groups,
sessions, content types) may be in another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ContextDecorator, contextmanager
from types import TracebackType
from typing import Any, TypeVar, overload

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

F = TypeVar("F", bound=Callable[..., Any])


def alias() -> str:
    return str(router.db_for_write(apps.get_model("uiengine_subjects", "Profile")))


def connection() -> BaseDatabaseWrapper:
    return connections[alias()]


def rows(model: type[Model], statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Runs a statement that a process repeats, where the model is read from; returns its rows as
    the driver gives them.

    PostgreSQL plans it once per connection (see `webapp.postgres`).
    """
    here = connections[router.db_for_read(model)]
    if (prepared := getattr(here, "prepared_rows", None)) is not None:
        found: list[tuple[Any, ...]] = prepared(statement, values)
        return found
    with here.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def is_postgres() -> bool:
    return connection().vendor == "postgresql"


def migrate_command() -> str:
    name = alias()
    return "manage.py migrate" + ("" if name == DEFAULT_DB_ALIAS else f" --database {name}")


def set_rollback(is_wanted: bool) -> None:
    transaction.set_rollback(is_wanted, using=alias())


def on_commit(act: Callable[[], object], *, robust: bool = False, using: str = "") -> None:
    """using: another database, whose transaction is waited for."""
    transaction.on_commit(act, using=using or alias(), robust=robust)


@overload
def atomic(function: F) -> F: ...


@overload
def atomic() -> Atomic: ...


def atomic(function: F | None = None) -> F | Atomic:
    """Django's `transaction.atomic` in our database, as a decorator or a context."""
    return Atomic() if function is None else Atomic()(function)


class Atomic(ContextDecorator):
    """Asks the routers at each entrance, because functions are decorated before apps are loaded."""

    def _recreate_cm(self) -> Atomic:
        return Atomic()

    def __enter__(self) -> None:
        self._entered = transaction.atomic(using=alias())
        self._entered.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._entered.__exit__(kind, error, trace)


@contextmanager
def statements_unlogged() -> Iterator[None]:
    """Keeps no log of this thread's statements, which Django does while DEBUG is on.

    It keeps the latest 9,000 with all their values: of an import, hundreds of megabytes.
    """
    here = connection()
    here.make_debug_cursor = here.make_cursor  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        del here.make_debug_cursor
