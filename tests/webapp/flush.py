"""Emptying the database after tests that commit.

Django's own flush locks whole tables, which deadlocks on PostgreSQL with a request that a browser
sent last of all, and also empties the tables of content types and permissions and makes their rows
anew, a quarter of a second for each test. Those follow from the models alone and no test changes
them: here they stay, rows are deleted, and what a late request locked is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.core.management.commands.flush import Command
from django.core.management.sql import emit_post_migrate_signal
from django.db import IntegrityError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate

KEPT = {"django_content_type", "auth_permission"}
PERMISSIONS = "django.contrib.auth.management.create_permissions"
"""The name by which Django connects what makes them; content types have none."""
TRIES = 5


def filled_tables(connection: BaseDatabaseWrapper) -> list[str]:
    """The quoted names of the tables to empty, by one question to the database."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = [connection.ops.quote_name(name) for name in names if name not in KEPT]
    asked = (f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [name for (name,) in cursor.fetchall()]


def empty(database: str) -> None:
    """Deletes all rows; foreign keys are looked at when the transaction ends."""
    connection = connections[database]
    with transaction.atomic(using=database), connection.cursor() as cursor:
        for table in filled_tables(connection):
            cursor.execute(f"DELETE FROM {table}")


def flush(_: Command, *, database: str, inhibit_post_migrate: bool = False, **__: Any) -> None:
    for tried in range(1, TRIES + 1):
        try:
            empty(database)
            break
        except (IntegrityError, OperationalError):
            if tried == TRIES:
                raise
            time.sleep(0.2 * tried)
    if not inhibit_post_migrate:
        others_follow(database)


def others_follow(database: str) -> None:
    """Sends the signal to everything but what makes content types and permissions."""
    post_migrate.disconnect(create_permissions, dispatch_uid=PERMISSIONS)
    post_migrate.disconnect(create_contenttypes)
    try:
        emit_post_migrate_signal(0, False, database)
    finally:
        post_migrate.connect(create_permissions, dispatch_uid=PERMISSIONS)
        post_migrate.connect(create_contenttypes)


@contextmanager
def short_flush() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Command, "handle", flush)
        yield
