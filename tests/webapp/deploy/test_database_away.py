"""While the database refuses connections or says nothing, everybody gets a layout in a second."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from tests.webapp.deploy.place import Place, empty_redis, fresh_database
from tests.webapp.deploy.proxy import Proxy
from webapp.host import DEFAULTS

MOST_SECONDS = 1.0
PATH = "/api/layout?surface=course-home"
PREPARE = """
import django; django.setup()
import json
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from webapp.subjects.keys import server_key_make, user_token_make

call_command("migrate", verbosity=0)
call_command("load_fixtures", "--no-cohort", stdout=open("/dev/null", "w"))

def session(name):
    user = User.objects.create_user(name)
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY], store[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store.save()
    return user.pk, store.session_key

def person(name):
    user, key = session(name)
    return {
        "session": key,
        "key": server_key_make(name=name)[1],
        "token": user_token_make(key=f"django:{user}", now=timezone.now()),
    }

print(json.dumps({name: person(name) for name in ("known", "refuse", "hang")}))
"""
Asker = dict[str, str]


class Away:
    """A production site whose database is behind a proxy."""

    def __init__(self, place: Place, proxy: Proxy, made: dict[str, dict[str, str]]) -> None:
        self.place, self.proxy, self.made = place, proxy, made

    def people(self, name: str) -> dict[str, Asker]:
        """Headers by who asks."""
        made = self.made[name]
        return {
            f"{name} session": _session(made["session"]),
            f"{name} token": {"Authorization": f"Bearer {made['token']}"},
            f"{name} key": {
                "Authorization": f"Bearer {made['key']}",
                "X-Subject": f"shop:of-{name}",
            },
        }

    def layout(self, asker: Asker) -> tuple[float, dict[str, Any]]:
        began = time.monotonic()
        status, body = self.place.ask(PATH, **asker)
        assert status == 200, body
        return time.monotonic() - began, json.loads(body)

    def send(self, asker: Asker, shown: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        at, block = datetime.now(UTC).isoformat(), shown["order"][0]
        event = {"id": str(uuid4()), "at": at, "type": "use", "block": block}
        body = {"decision": shown["decision"], "events": [event]}
        status, answer = self.place.ask("/api/events", body, **asker)
        return status, json.loads(answer)


def _session(key: str) -> Asker:
    return {"Cookie": f"sessionid={key}"}


@pytest.fixture(scope="module")
def away(tmp_path_factory) -> Iterator[Away]:
    folder = tmp_path_factory.mktemp("away")
    with fresh_database() as address:
        parts = urlsplit(address)
        proxy = Proxy(parts.hostname or "127.0.0.1", parts.port or 5432)
        through = parts._replace(netloc=f"{parts.username}@127.0.0.1:{proxy.port}")
        if parts.password:
            through = parts._replace(
                netloc=f"{parts.username}:{parts.password}@127.0.0.1:{proxy.port}"
            )
        settings = {
            "DATABASE_URL": urlunsplit(through),
            "REDIS_URL": empty_redis(),
            "WEB_PROCESSES": "1",
            "UIENGINE_DATABASE_MS": str(DEFAULTS["UIENGINE_DATABASE_MS"]),
        }
        place = Place(folder, settings)
        (folder / "prepare.py").write_text(PREPARE)
        made = json.loads(place.run(f"PYTHONPATH=. python {folder}/prepare.py"))
        place.start("web", "web")
        try:
            place.wait(lambda: place.ask("/health/ready")[0] == 200, "the site is ready")
            yield Away(place, proxy, made)
        finally:
            proxy.mend()
            place.stop()
            proxy.refuse()


@pytest.mark.parametrize("how", ["refuse", "hang"])
def test_everybody_gets_a_layout_within_a_second(away, how):
    known, never_seen = away.people("known"), away.people(how)
    strangers = {"nobody": {}, "session that never was": _session("x" * 32)}
    for asker in known.values():
        away.layout(asker)
    getattr(away.proxy, how)()
    try:
        everybody = (strangers | known | never_seen).items()
        found = {name: away.layout(asker) for name, asker in everybody}
        began = time.monotonic()
        status, refusal = away.send(known["known token"], found["known token"][1])
        refused_in = time.monotonic() - began
    finally:
        away.proxy.mend()

    assert max(seconds for seconds, _ in found.values()) < MOST_SECONDS
    assert {len(shown["order"]) for _, shown in found.values()} == {10}
    assert {found[name][1]["status"] for name in never_seen} == {"fallback"}
    assert {found[name][1]["status"] for name in known} == {"adapted"}, "what is cached is served"
    assert (status, refusal["type"]) == (503, "/api/errors#database-away")
    assert refused_in < MOST_SECONDS

    again = never_seen[f"{how} key"]
    away.place.wait(lambda: away.layout(again)[1]["status"] == "adapted", "the database is back")
    counted = {"accepted": 1, "duplicate": 0, "ignored": 0}
    for name, asker in {**known, f"{how} token": never_seen[f"{how} token"]}.items():
        assert away.send(asker, found[name][1]) == (202, counted), "shown meanwhile, sent later"


def test_a_process_that_starts_meanwhile_serves_pages_too(away):
    """As one that gunicorn replaces; surfaces come from the cache that processes share."""
    new = Place(away.place.var, away.place.settings)
    away.proxy.hang()
    try:
        new.start("web2", "web")
        new.wait(lambda: new.ask("/health/live")[0] == 200, "the process answers")
        for _ in range(3):
            began = time.monotonic()
            status, body = new.ask(PATH, **away.people("known")["known token"])
            assert (status, json.loads(body)["status"]) == (200, "fallback")
            assert time.monotonic() - began < MOST_SECONDS
    finally:
        away.proxy.mend()
    try:
        new.wait(lambda: json.loads(new.ask(PATH)[1])["status"] == "default", "back")
        known = away.people("known")["known token"]
        new.wait(lambda: json.loads(new.ask(PATH, **known)[1])["status"] == "adapted", "back")
    finally:
        new.stop()


def test_a_forged_token_is_refused_while_the_database_is_away(away):
    away.proxy.hang()
    try:
        status, _ = away.place.ask(PATH, Authorization="Bearer ut_forged:signature")
    finally:
        away.proxy.mend()

    assert status == 401
