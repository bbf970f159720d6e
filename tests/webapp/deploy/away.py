"""A production site whose database is behind a proxy, and people of each kind who ask it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

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

print(json.dumps({name: person(name) for name in ("known", "refuse", "hang", "far")}))
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
            f"{name} session": of_session(made["session"]),
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


def of_session(key: str) -> Asker:
    return {"Cookie": f"sessionid={key}"}


@contextmanager
def away_site(folder: Path, settings: dict[str, str]) -> Iterator[Away]:
    """Starts the site; settings: further environment variables."""
    with fresh_database() as address:
        parts = urlsplit(address)
        proxy = Proxy(parts.hostname or "127.0.0.1", parts.port or 5432)
        through = parts._replace(netloc=f"{parts.username}@127.0.0.1:{proxy.port}")
        if parts.password:
            through = parts._replace(
                netloc=f"{parts.username}:{parts.password}@127.0.0.1:{proxy.port}"
            )
        given = {
            "DATABASE_URL": urlunsplit(through),
            "REDIS_URL": empty_redis(),
            "WEB_PROCESSES": "1",
            "UIENGINE_DATABASE_MS": str(DEFAULTS["UIENGINE_DATABASE_MS"]),
            **settings,
        }
        place = Place(folder, given)
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
