"""A command that needs the database's tables, and says so where they are not there."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, OperationalError, ProgrammingError
from django.db.migrations.executor import MigrationExecutor

from webapp.lib import database

AGAIN = (
    "What was being written then was taken back. Run the same command again; with --traceback it "
    "says where it stopped."
)


class DatabaseCommand(BaseCommand):
    """Base of our commands that read or write rows."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Runs the command. Raises CommandError with the next step where tables are missing, or the
        database is away or ended what was asked."""
        try:
            return super().execute(*args, **options)
        except (OperationalError, ProgrammingError) as error:
            says = _what_is_wrong()
            if says:
                raise CommandError(says) from error
            if isinstance(error, OperationalError):  # a deadlock, a lost connection, a full disk
                raise CommandError(f"database: {str(error).strip()}\n{AGAIN}") from error
            raise


def _what_is_wrong() -> str:
    """A sentence; empty where the database is there and migrated."""
    try:
        executor = MigrationExecutor(database.connection())
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return f"database: {str(error).strip()} Check DATABASE_URL, and that the server runs."
    if not plan:
        return ""
    first = plan[0][0]
    return (
        f"database: {len(plan)} migrations are missing, the first is {first}. "
        f"Run: {database.migrate_command()}"
    )
