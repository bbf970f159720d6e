"""`migrate` carries on a database of version 0.1.0: no row is lost and its people are served.

`databases/` holds such an installation as plain SQL, for SQLite and PostgreSQL: simulated people,
and at least a row in every table, written by that version's commands and API. The test uses table
names, commands and HTTP only, since modules and apps may move.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.webapp.deploy.place import Place, fresh_database

DUMPS = Path(__file__).parent / "databases"
SECRET_KEY = "only-for-tests-" * 4
"""The installation's key; its visit ids and marks of erased people are hashes with it."""
OF_THE_CODE = {
    "auth_group_permissions",
    "auth_permission",
    "django_celery_beat_crontabschedule",
    "django_celery_beat_intervalschedule",
    "django_celery_beat_periodictask",
    "django_content_type",
    "django_migrations",
}
"""Tables that Django fills from the code, which may grow."""
FORMER = ("surfaces", "subjects", "codebooks", "audits", "trials", "studio")
"""Labels that our apps had."""
NEW_RIGHTS = {
    "view_rehearsal": 3,
    "view_goal": 3,
    "add_goal": 1,
    "change_goal": 1,
    "delete_goal": 1,
    "view_attributeread": 1,
    "view_attributeend": 1,
    "view_attributeretention": 1,
    "add_attributeretention": 1,
    "change_attributeretention": 1,
    "delete_attributeretention": 1,
}
"""What groups may do since, and how many of the three may."""
RIGHTS = """
SELECT g.name, t.app_label, p.codename FROM auth_group g
JOIN auth_group_permissions x ON x.group_id = g.id
JOIN auth_permission p ON p.id = x.permission_id
JOIN django_content_type t ON t.id = p.content_type_id
UNION SELECT u.username, t.app_label, p.codename FROM auth_user u
JOIN auth_user_user_permissions x ON x.user_id = u.id
JOIN auth_permission p ON p.id = x.permission_id
JOIN django_content_type t ON t.id = p.content_type_id
"""
ADMIN_LOG = """
SELECT l.id, t.app_label, t.model, l.object_id FROM django_admin_log l
JOIN django_content_type t ON t.id = l.content_type_id
"""
MIGRATIONS = "SELECT app, name FROM django_migrations"
NO_LONGER_MAILED = "DELETE FROM django_celery_beat_periodictask WHERE task = 'audits.mail'"
TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    "postgres": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}
NEW_TASKS = 1
"""Tasks of the schedule that this release adds: the books of a day."""


@dataclass
class Database:
    """A database, accessed without Django."""

    kind: str
    address: str

    def restore(self) -> None:
        text = gzip.decompress((DUMPS / f"0.1.0.{self.kind}.sql.gz").read_bytes()).decode()
        with self._connected() as connection:
            if isinstance(connection, sqlite3.Connection):
                connection.executescript(text)
            else:
                connection.execute(text)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self._connected() as connection:
            return connection.execute(query).fetchall()

    def run(self, statement: str) -> None:
        with self._connected() as connection:
            connection.execute(statement)

    def said(self) -> dict[str, list[tuple[Any, ...]]]:
        """Returns what the database says of our apps, by their labels."""
        asked = {"rights": RIGHTS, "log": ADMIN_LOG, "migrations": MIGRATIONS}
        return {name: sorted(self.ask(query)) for name, query in asked.items()}

    def rows(self) -> dict[str, int]:
        """Counts the rows of each table."""
        names = sorted(name for (name,) in self.ask(TABLES[self.kind]))
        return {name: self.ask(f'SELECT count(*) FROM "{name}"')[0][0] for name in names}

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        if self.kind == "postgres":
            with psycopg.connect(self.address, autocommit=True) as connection:
                yield connection
        else:
            path = self.address.removeprefix("sqlite:///")
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                yield connection


@dataclass
class Migrated:
    """before, after: rows of each table. head: of the record of moves, before migrating.

    former, present: what was said of our apps before and after.
    """

    place: Place
    database: Database
    before: dict[str, int]
    after: dict[str, int]
    head: str
    former: dict[str, list[tuple[Any, ...]]]
    present: dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module", params=("sqlite", "postgres"))
def installation(request, tmp_path_factory) -> Iterator[Migrated]:
    """The old database, restored and migrated; PostgreSQL's where a server answers."""
    var = tmp_path_factory.mktemp("before")
    if request.param == "postgres":
        with fresh_database() as address:
            yield _migrated(Database("postgres", address), var)
    else:
        yield _migrated(Database("sqlite", f"sqlite:///{var}/db.sqlite3"), var)


def _migrated(database: Database, var: Path) -> Migrated:
    database.restore()
    database.run(NO_LONGER_MAILED)
    before, former = database.rows(), database.said()
    ((head,),) = database.ask("SELECT digest FROM codebooks_aliasmove ORDER BY id DESC LIMIT 1")
    settings = {"DATABASE_URL": database.address, "SECRET_KEY": SECRET_KEY, "WEB_PROCESSES": "1"}
    place = Place(var, settings)
    place.run("python manage.py migrate --no-input")
    return Migrated(place, database, before, database.rows(), head, former, database.said())


def test_the_dump_has_a_row_in_every_table(installation):
    assert len(installation.before) > 40
    assert [name for name, count in installation.before.items() if not count] == []


def test_migrating_keeps_every_table_and_every_row(installation):
    before, after = installation.before, installation.after

    assert [name for name in before if name not in after] == []
    kept = {name: count for name, count in before.items() if name not in OF_THE_CODE}
    assert {name: after[name] for name in kept} == kept
    assert [name for name in OF_THE_CODE if after[name] < before[name]] == []


def test_every_subject_is_in_the_shard_of_its_key(installation):
    rows = installation.database.ask("SELECT key, shard FROM subjects_subject")

    assert len(rows) == installation.before["subjects_subject"] > 3
    assert [row for row in rows if row[1] != sha256(row[0].encode()).digest()[0]] == []


def renamed(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(tuple(f"uiengine_{c}" if c in FORMER else c for c in row) for row in rows)


def test_rights_and_the_admins_log_follow_the_labels_of_our_apps(installation):
    former, present = installation.former, installation.present

    assert len(former["rights"]) > 40 and len(former["log"]) == 2
    added = [row for row in present["rights"] if row[-1] in NEW_RIGHTS]
    assert Counter(row[-1] for row in added) == NEW_RIGHTS
    assert [row for row in present["rights"] if row not in added] == renamed(former["rights"])
    assert present["log"] == renamed(former["log"])


def test_each_migration_is_recorded_once_under_the_label_of_today(installation):
    present = installation.present["migrations"]

    assert set(renamed(installation.former["migrations"])) <= set(present)
    assert len(present) == len(set(present))
    assert not [app for app, _ in present if app in FORMER]


def test_a_task_that_an_admin_deleted_from_the_schedule_stays_deleted(installation):
    after = installation.after["django_celery_beat_periodictask"]
    assert after - NEW_TASKS == installation.before["django_celery_beat_periodictask"] > 5


def test_a_release_of_before_gets_its_labels_back_and_they_are_renamed_again(installation):
    place, database = installation.place, installation.database

    place.run("python manage.py migrate uiengine_surfaces 0005_newcomers")
    back = database.said()
    place.run("python manage.py migrate --no-input")

    assert back["rights"] == installation.former["rights"]
    assert back["log"] == installation.former["log"]
    assert set(installation.former["migrations"]) <= set(back["migrations"])
    assert not [app for app, _ in back["migrations"] if app.startswith("uiengine_")]
    assert database.said() == installation.present


def test_no_migration_is_missing(installation):
    installation.place.run("python manage.py makemigrations --check --dry-run")
    installation.place.run("python manage.py migrate --check")


def test_the_record_of_moves_is_still_whole(installation):
    said = installation.place.run(f"python manage.py verify_record --head {installation.head}")

    rows = installation.before["codebooks_aliasmove"]
    assert json.loads(said) == {"rows": rows, "head": installation.head, "is_whole": True}


class Person:
    """A person of the old database, with a new user token."""

    def __init__(self, place: Place, key: str) -> None:
        self.place = place
        token = place.run(f"python manage.py user_token {key}")
        self.headers = {"Authorization": f"Bearer {token}"}

    def ask(self, path: str, body: object = None) -> dict[str, Any]:
        status, content = self.place.ask(f"/api/{path}", body, **self.headers)
        assert status in (200, 202), content
        return json.loads(content)

    def layout(self) -> dict[str, Any]:
        return self.ask("layout?surface=course-home")

    def profile(self) -> dict[str, Any]:
        (profile,) = self.ask("me")["profiles"]
        return profile


@pytest.fixture(scope="module")
def served(installation) -> Iterator[Place]:
    """A web process on the database, served by the innate version that ships now.

    One person promotes: where it takes two, the innate version of then stays, whose files are not
    here.
    """
    place = installation.place
    installation.database.run("UPDATE codebooks_rollout SET needs_two = false")
    place.run("python manage.py load_fixtures --no-cohort")  # a later release ships another one
    place.start("web", "web")
    try:
        place.wait(lambda: place.ask("/api/health")[0] == 200, "healthy")
        yield place
    finally:
        place.stop()


def test_who_pinned_blocks_finds_them_there(served):
    layout = Person(served, "shop:pinner").layout()

    assert layout["status"] == "adapted" and layout["version"], layout
    assert layout["order"][1:3] == ["quiz", "glossary"]  # below the block pinned by the team
    assert {"quiz", "glossary"} <= layout["why"].keys()


def test_who_froze_the_page_finds_it_as_it_was(served):
    person = Person(served, "shop:frozen")

    layout = person.layout()

    assert layout["status"] == "frozen"
    assert layout["order"] == person.profile()["visits"][-1]["order"]


def test_what_people_did_is_remembered_and_goes_on(served):
    person = Person(served, "shop:pinner")
    visits = person.profile()["visits"]
    assert [set(visit["uses"]) for visit in visits] == [
        *4 * [{"forum", "glossary"}],
        {"quiz"},
        {"quiz", "forum"},
    ]
    layout = person.layout()
    event = {"id": str(uuid4()), "at": datetime.now(UTC).isoformat(), "type": "use"}

    body = {"decision": layout["decision"], "events": [{**event, "block": "links"}]}
    assert person.ask("events", body)["accepted"] == 1

    assert person.profile()["events"][-1]["block"] == "links"
    assert person.layout()["order"] == layout["order"]  # unchanged within the visit
