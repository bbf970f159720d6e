"""The export of a long history is shared out in time: others are answered while it is made."""

from __future__ import annotations

import json
import threading
import time

from tests.webapp.deploy.place import Place, empty_redis, fresh_database

EVENTS = 52_000
TRIES = 3
"""The machine may stop anybody by itself; not three times."""
MOST_SHARE = 40
"""Of an export's time others wait a hundredth; built whole, it stopped them for a nineteenth."""
PATH = "/api/layout?surface=course-home"
ONE = {"WEB_PROCESSES": "1", "WEB_THREADS": "4"}
PREPARE = """
import django; django.setup()
import json
from datetime import timedelta
from uuid import uuid4
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from webapp.subjects.keys import user_token_make
from webapp.subjects.models import Event

call_command("migrate", verbosity=0)
call_command("load_fixtures", "--no-cohort", stdout=open("/dev/null", "w"))
now = timezone.now()
tokens = {name: user_token_make(key=f"shop:{name}", now=now) for name in ("long", "other")}
client = Client(headers={"Authorization": f"Bearer {tokens['long']}", "Host": "127.0.0.1"})
shown = client.get("PATH").json()
event = {"id": str(uuid4()), "at": now.isoformat(), "type": "use", "block": shown["order"][0]}
body = {"decision": shown["decision"], "events": [event]}
client.post("/api/events", body, content_type="application/json")
own = ("id", "event_id", "happened_at")
same = ", ".join(f.column for f in Event._meta.concrete_fields if f.name not in own)
with connection.cursor() as cursor:
    cursor.execute(
        f"INSERT INTO subjects_event (event_id, happened_at, {same}) SELECT gen_random_uuid(), "
        f"happened_at - i * interval '1 second', {same} "
        "FROM subjects_event, generate_series(1, EVENTS) i"
    )
    cursor.execute("UPDATE subjects_event SET fold = 'folded'")
print(json.dumps(tokens))
""".replace("PATH", PATH).replace("EVENTS", str(EVENTS))


def test_others_are_answered_while_a_long_history_is_exported(tmp_path):
    with fresh_database() as address:
        place = Place(tmp_path, {"DATABASE_URL": address, "REDIS_URL": empty_redis(), **ONE})
        (tmp_path / "prepare.py").write_text(PREPARE)
        tokens = json.loads(place.run(f"PYTHONPATH=. python {tmp_path}/prepare.py"))
        place.start("web", "web")
        try:
            place.wait(lambda: place.ask("/health/ready")[0] == 200, "the site is ready")
            tries = [_meanwhile(place, tokens) for _ in range(TRIES)]
        finally:
            place.stop()

    for (status, body, _), others in tries:
        (profile,) = json.loads(body)["profiles"]
        assert (status, len(profile["events"])) == (200, EVENTS + 1)
        assert len(others) > MOST_SHARE
    shares = [max(others) / took for (_, _, took), others in tries]
    assert min(shares) < 1 / MOST_SHARE, shares


def _meanwhile(
    place: Place, tokens: dict[str, str]
) -> tuple[tuple[int, bytes, float], list[float]]:
    """The export with its seconds, and the seconds of others' layouts until it was there."""
    found: list[tuple[int, bytes, float]] = []
    asked = threading.Thread(target=lambda: found.append(_timed(place, "/api/me", tokens["long"])))
    _timed(place, PATH, tokens["other"])
    others = []
    asked.start()
    while asked.is_alive():
        others.append(_timed(place, PATH, tokens["other"])[2])
    return found[0], others


def _timed(place: Place, path: str, token: str) -> tuple[int, bytes, float]:
    began = time.monotonic()
    status, body = place.ask(path, Authorization=f"Bearer {token}")
    return status, body, time.monotonic() - began
