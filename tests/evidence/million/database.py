"""The database of so many simulated people: made, filled, kept and emptied of what a run left."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

from tests.evidence.million.people import fill

FILLED = "filled"
"""The comment on a database that is whole."""
LEFT = (
    *("codebooks_pipeline", "codebooks_run", "codebooks_codebookversion"),
    *("codebooks_alias", "codebooks_aliasmove"),
)
"""Tables that a retrain writes; those that refer to them are emptied, too."""


class Database:
    """name: says how many people and visits, so that another run finds it again."""

    def __init__(self, server: str, people: int, visits: int) -> None:
        self.server, self.people, self.visits = server, people, visits
        self.name = f"uiengine_million_{people}_{visits}"

    def use(self, folder: Path) -> None:
        """Sets the environment of this process and its children. Call before Django is set up."""
        os.environ |= {
            "DATABASE_URL": f"{self.server}/{self.name}",
            "VAR_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "LOG_LEVEL": "ERROR",
        }
        for name in ("ARTEFACTS_DIR", "ARTEFACTS_STORAGE", "BROKER_URL"):
            os.environ.pop(name, None)

    def prepare(self, tell: Callable[[str], None]) -> None:
        """Makes and fills the database unless it is there, and ships the innate version."""
        if self._comment() != FILLED:
            self.drop()
            self._administer(f'CREATE DATABASE "{self.name}"')
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        if self._comment() != FILLED:
            fill(self.people, self.visits, tell)
            self._administer(f"COMMENT ON DATABASE \"{self.name}\" IS '{FILLED}'")
        self._forget_runs()
        call_command("load_fixtures", no_cohort=True, verbosity=0, stdout=io.StringIO())

    def _forget_runs(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(LEFT)} CASCADE")

    def gigabytes(self) -> float:
        return float(self._asked("SELECT pg_database_size(datname)", "0")) / 1e9

    def drop(self) -> None:
        self._administer(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def _comment(self) -> str:
        return self._asked("SELECT shobj_description(oid, 'pg_database')", "")

    def _asked(self, what: str, otherwise: str) -> str:
        rows = self._administer(f"{what} FROM pg_database WHERE datname = '{self.name}'")
        return str(rows[0][0]) if rows else otherwise

    def _administer(self, statement: str) -> list[tuple[object, ...]]:
        """Runs a statement in the database `postgres` of the server."""
        import psycopg

        address = f"{self.server.replace('postgres://', 'postgresql://')}/postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
