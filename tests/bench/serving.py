"""Answering and ingesting, in process, through Django's whole stack; a database of its own.

Floors: a bare DRF view that returns the same bytes, and a bulk insert of the same event rows.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import tempfile
from datetime import timedelta

from tests.bench.measure import beside

SURFACE = "course-home"
BATCH = 50
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
        _prepare()
        from django.test import override_settings

        with override_settings(ROOT_URLCONF="tests.bench.bare"):
            _layouts()
            _ingest()


def _prepare() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with contextlib.redirect_stdout(io.StringIO()):
        call_command("load_fixtures", verbosity=0)


def _client(key: str):
    """A caller with a user token."""
    from django.test import Client
    from django.utils import timezone

    from webapp.subjects import keys

    return Client(
        headers={"authorization": f"Bearer {keys.user_token_make(key=key, now=timezone.now())}"}
    )


def _layouts() -> None:
    from django.utils import timezone

    from tests.bench.bare import Bare
    from webapp.codebooks.serving import serving
    from webapp.layouts.services import layout_read

    caller = _client("bench:reader")
    first = caller.get("/api/layout", {"surface": SURFACE})
    assert first.status_code == 200 and first.json()["status"] == "adapted", first.content[:300]
    Bare.body = first.content

    def bare():
        return caller.get("/bare")

    floor = "a bare DRF view with the same bytes"
    beside(
        "GET /api/layout, warm, same visit",
        lambda: caller.get("/api/layout", {"surface": SURFACE}),
        floor,
        bare,
    )
    etag = first.headers["ETag"]
    beside(
        "GET /api/layout, 304",
        lambda: caller.get("/api/layout", {"surface": SURFACE}, headers={"if-none-match": etag}),
        floor,
        bare,
    )
    page, now = serving.page(SURFACE), timezone.now()
    names = (f"bench:{i}" for i in itertools.count())
    beside(
        "a fresh decision: encode, decode, plan, pack, sign, render",
        lambda: layout_read(key=next(names), page=page, now=now),
        floor,
        bare,
    )


def _ingest() -> None:
    from django.utils import timezone

    from webapp.subjects.models import Event, Profile, ServedDecision

    caller = _client("bench:writer")
    decision = caller.get("/api/layout", {"surface": SURFACE}).json()["decision"]
    number = itertools.count()
    now = timezone.now()

    def events() -> list[dict]:
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
