"""Fixtures: three people on one page (owner, colleague, stranger), and a worker run by hand."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.utils import timezone

from tests.webapp.flush import short_flush
from tests.webapp.wheel import wheel  # noqa: F401 - a fixture
from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.codebooks.registry.aliases import version_register
from webapp.lib.refresher import refresher
from webapp.subjects import fold_request, fold_worker
from webapp.subjects.keys import user_token_make

FIXTURES = Path(__file__).parents[2] / "fixtures"
GROUPED = json.loads((FIXTURES / "surfaces" / "course_home.json").read_text())
COURSE = {
    **GROUPED,
    "groups": [],
    "guardrails": {k: v for k, v in GROUPED["guardrails"].items() if k != "put_away"},
    "blocks": [{**b, "group": ""} for b in GROUPED["blocks"]],
}
"""The course's page without its groups, so that any block may move anywhere; all blocks stay."""
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SQLITE_FUNCTION = 31
"""What SQLite asks before a function or operator; the module of Python 3.11 does not name it."""


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """Puts SQLite into a file, as in operation; in memory its threads would share one lock.

    Nothing has to survive a power cut here, so neither database waits for the disk.
    """
    database = connections["default"].settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        database["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
    else:
        asked = f"{database['OPTIONS'].get('options', '')} -c synchronous_commit=off"
        database["OPTIONS"]["options"] = asked.strip()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Ends connections of threads that outlived their test; PostgreSQL drops no database in use."""
    with short_flush():
        yield
    with django_db_blocker.unblock():
        connection = connections["default"]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )


@pytest.fixture
def one_minute(monkeypatch):
    """Keeps what throttles count within one minute, so that no new window starts in a test."""
    began = time.time() // 60 * 60
    monkeypatch.setattr("webapp.layouts.answer.throttles.time", SimpleNamespace(time=lambda: began))


@pytest.fixture(autouse=True)
def fresh_process(settings, tmp_path):
    """Resets process state as after a start: empty caches, and artefacts in a temporary folder."""
    settings.UIENGINE_REFRESH_MS = 0
    settings.UIENGINE_DEADLINE_MS = 60_000  # enough for a search on a slow machine
    settings.UIENGINE_DATABASE_MS = 60_000  # likewise
    # A password takes a quarter of a second by Django's own hasher.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.VAR_DIR = tmp_path
    artefacts = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path / "artefacts"},
    }
    settings.STORAGES = {**settings.STORAGES, "artefacts": artefacts}
    cache.clear()
    refresher.clear()
    yield
    refresher.stop()


class Worker:
    """Replaces the broker: collects messages until told to work."""

    def __init__(self) -> None:
        self.sent: list[int] = []

    def work(self) -> int:
        sent, self.sent[:] = list(self.sent), []
        return sum(fold_worker.profile_fold(profile_id=i, now=timezone.now()) for i in sent)


@pytest.fixture
def worker(monkeypatch):
    worker = Worker()
    monkeypatch.setattr(fold_request, "folding_request", worker.sent.append)
    return worker


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    return clock


@pytest.fixture
def page(db):
    """The course home with the shipped innate version."""
    from webapp.surfaces.services import surface_save

    version_register(source=INNATE_FOLDER, name="innate")
    return surface_save(deepcopy(COURSE))  # tests change what is saved


class Person:
    """A person with a user token, acting as their browser or app would."""

    def __init__(self, key: str, clock: Clock) -> None:
        self.key, self.clock = key, clock
        self.client = Client()
        self.token_renew()

    def token_renew(self) -> None:
        """Takes another token, as a page of the host does whenever it is loaded."""
        token = user_token_make(key=self.key, now=self.clock.now)
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/{path}", headers={**self.headers, **headers})

    def layout(self) -> dict[str, Any]:
        response = self.get("layout?surface=course-home")
        assert response.status_code == 200, response.content
        return response.json()

    def post(self, path: str, body: object) -> Any:
        return self.client.post(
            f"/api/{path}", body, content_type="application/json", headers=self.headers
        )

    def event(self, kind: str, block: str = "", **more: object) -> dict[str, Any]:
        at = self.clock.now.isoformat()
        return {"id": str(uuid4()), "at": at, "type": kind, "block": block, **more}

    def send(self, layout: dict[str, Any], *sent: dict[str, Any]) -> dict[str, Any]:
        body = {"decision": layout["decision"], "events": list(sent)}
        response = self.post("events", body)
        assert response.status_code == 202, response.content
        return response.json()

    def visit(self, *blocks: str) -> dict[str, Any]:
        """Opens the page, uses blocks, and leaves for a day. Returns the layout seen."""
        layout = self.layout()
        self.send(layout, self.event("impression"), *(self.event("use", b) for b in blocks))
        self.clock.advance(days=1)
        return layout

    def wish(self, kind: str, block: str = "", **more: object) -> dict[str, Any]:
        body = {"decision": self.layout()["decision"], **self.event(kind, block, **more)}
        response = self.post("feedback", body)
        assert response.status_code == 200, response.content
        return response.json()


@pytest.fixture
def owner(page, clock, worker) -> Person:
    return Person("host:owner", clock)


@pytest.fixture
def colleague(page, clock, worker) -> Person:
    return Person("host:colleague", clock)


@pytest.fixture
def stranger(page, clock, worker) -> Person:
    return Person("host:stranger", clock)


@pytest.fixture
def older_sqlite(db: None) -> Iterator[None]:
    """SQLite as before 3.38: it refuses the operators -> and ->>."""
    connection = connections["default"]
    if connection.vendor != "sqlite":
        pytest.skip("SQLite only")
    connection.ensure_connection()

    def allows(action: int, _: Any, name: Any, *more: Any) -> int:
        is_new = action == SQLITE_FUNCTION and name in ("->", "->>")
        return sqlite3.SQLITE_DENY if is_new else sqlite3.SQLITE_OK

    connection.connection.set_authorizer(allows)
    yield
    if connection.connection is not None:
        connection.connection.set_authorizer(None)
