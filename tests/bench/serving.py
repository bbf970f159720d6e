"""Measures answers and ingestion in process through Django's whole stack, with its own database.

Floors: a bare DRF view that returns equal bytes, and a bulk insert of equal event rows.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import tempfile
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.bench.measure import beside
from tests.bench.people import people_add

if TYPE_CHECKING:
    from django.test import Client

SURFACE = "course-home"
BATCH = 50
MOST_PEOPLE = 300
"""Number of people without a cached decision; a figure uses about 200."""
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "webapp.settings",
    "SECRET_KEY": "for-benchmarks-only-0123456789-0123456789",
    "ALLOWED_HOSTS": "testserver",
    "HTTPS": "false",
    "LOG_LEVEL": "ERROR",
    "THROTTLE_LAYOUT": "1000000",
    "THROTTLE_WRITE": "1000000",
}


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= SETTINGS | {"VAR_DIR": folder}
        prepare()
        from django.test import override_settings

        with override_settings(ROOT_URLCONF="tests.bench.bare"):
            layouts()
            ingest()


def prepare() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with contextlib.redirect_stdout(io.StringIO()):
        call_command("load_fixtures", verbosity=0)


def client(key: str) -> Client:
    """Returns a client with a user token."""
    from django.test import Client
    from django.utils import timezone

    from webapp.subjects import keys

    token = keys.user_token_make(key=key, now=timezone.now())
    return Client(headers={"authorization": f"Bearer {token}"})


def layouts() -> None:
    """Measures each kind of answer beside the bare view's answer of that status."""
    from tests.bench import bare

    caller, path = client("bench:reader"), f"/api/layout?surface={SURFACE}"
    first = caller.get(path)
    assert first.status_code == 200 and first.json()["status"] == "adapted", first.content[:300]
    bare.Bare.body = first.content
    held, bare_held = ({"if-none-match": tag} for tag in (first.headers["ETag"], bare.ETAG))
    strangers = iter([client(f"bench:{i}") for i in range(MOST_PEOPLE)])
    people = iter([client(key) for key in people_add(SURFACE, MOST_PEOPLE)])
    floor = "a bare DRF view with the same bytes"
    figures: tuple[tuple[str, Callable[[], object], Callable[[], object]], ...] = (
        ("warm, same visit", lambda: caller.get(path), lambda: caller.get("/bare")),
        (
            "304",
            lambda: caller.get(path, headers=held),
            lambda: caller.get("/bare", headers=bare_held),
        ),
        (
            "fresh decision of a newcomer",
            lambda: next(strangers).get(path),
            lambda: caller.get("/bare"),
        ),
        ("fresh decision", lambda: next(people).get(path), lambda: caller.get("/bare")),
    )
    for name, act, other in figures:
        beside(f"GET /api/layout, {name}", act, floor, other)


def ingest() -> None:
    from django.utils import timezone

    from webapp.subjects.models import Event, Profile, ServedDecision

    caller = client("bench:writer")
    decision = caller.get("/api/layout", {"surface": SURFACE}).json()["decision"]
    number = itertools.count()
    now = timezone.now()

    def events() -> list[dict[str, str]]:
        return [
            {"id": f"e{next(number)}", "at": now.isoformat(), "type": "impression"}
            for _ in range(BATCH)
        ]

    def post() -> None:
        body = {"decision": decision, "events": events()}
        done = caller.post("/api/events", body, content_type="application/json")
        assert done.status_code == 202, done.content[:300]

    post()
    profile, shown = (
        Profile.objects.get(subject__key="bench:writer"),
        ServedDecision.objects.first(),
    )

    def insert() -> None:
        rows = [
            Event(
                profile=profile,
                decision=shown,
                event_id=f"b{next(number)}",
                at=now,
                happened_at=now,
                kind="impression",
                batch="00000000-0000-0000-0000-000000000000",
                received_at=now,
                lease_until=now + timedelta(days=1),
            )
            for _ in range(BATCH)
        ]
        Event.objects.bulk_create(rows)

    beside(f"POST /api/events, {BATCH} events", post, "a bulk insert of the same rows", insert)


if __name__ == "__main__":
    run()
