"""Does deleting old events keep writers waiting? On PostgreSQL, beside the same writer left alone.

DATABASE_URL=postgres://… python -m tests.evidence.retention --events 200000

The database is to be a fresh one. A thread accepts events of people, one batch of ten after the
other, first alone and then while `retention_apply` deletes.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

SLUG, PEOPLE = "course-home", 200


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="old ones, to be deleted")
    parser.add_argument("--alone", type=float, default=10.0, help="seconds of the writer alone")
    options = parser.parse_args()
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        parser.error("DATABASE_URL: name a fresh PostgreSQL database, postgres://user@host/name.")
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "webapp.settings"}
        os.environ |= {"LOG_LEVEL": "ERROR"}
        import django

        django.setup()
        print(json.dumps(_measured(options.events, options.alone)))
    return 0


def _measured(events: int, seconds: float) -> dict[str, Any]:
    from django.core.management import call_command
    from django.utils import timezone

    from webapp.subjects import events as accepting
    from webapp.subjects.models import Event
    from webapp.subjects.retention import AT_ONCE, retention_apply
    from webapp.surfaces.models import Surface

    accepting.folding_request = lambda profile_id: None  # no worker: what is measured is writing
    call_command("migrate", verbosity=0)
    call_command("load_fixtures", verbosity=0, stdout=io.StringIO())
    surface, now = Surface.objects.get(slug=SLUG), timezone.now()
    _old_events(surface, events, now - timedelta(days=surface.event_days + 1))
    alone = _written(surface, lambda: time.sleep(seconds))
    began, done = time.perf_counter(), {}
    beside = _written(surface, lambda: done.update(retention_apply(surface=surface, now=now)))
    took = time.perf_counter() - began
    left = Event.objects.filter(received_at__lt=now - timedelta(days=1)).count()
    return {
        "retention_events": done["events"],
        "left": left,
        "rows_per_transaction": AT_ONCE,
        "seconds": round(took, 1),
        "writer_alone_ms": _milliseconds(alone),
        "writer_beside_ms": _milliseconds(beside),
    }


def _old_events(surface: Any, count: int, at: datetime) -> None:
    from webapp.subjects.models import Event, Profile, ServedDecision, Subject

    for person in range(PEOPLE):
        subject = Subject.objects.create(key=f"old:{person}")
        profile = Profile.objects.create(subject=subject, surface=surface)
        decision = ServedDecision.objects.create(
            profile=profile, digest="x", visit="v", since=0, day=1, revision=1, generation=0,
            status="adapted", order=[],
        )  # fmt: skip
        Event.objects.bulk_create(
            Event(
                profile=profile, decision=decision, event_id=str(i), at=at, happened_at=at,
                kind="use", block="forum", batch=uuid4(), received_at=at, fold="folded",
                lease_until=at,
            )
            for i in range(count // PEOPLE)
        )  # fmt: skip


def _written(surface: Any, meanwhile: Any) -> list[float]:
    """Seconds of each batch that was accepted while `meanwhile` went on."""
    spans: list[float] = []
    over = threading.Event()
    writer = threading.Thread(target=_write, args=(surface, over, spans))
    writer.start()
    try:
        meanwhile()
    finally:
        over.set()
        writer.join()
    return spans


def _write(surface: Any, over: threading.Event, spans: list[float]) -> None:
    from django.db import connection, transaction
    from django.utils import timezone

    from webapp.subjects.decisions import Served
    from webapp.subjects.event_rows import place_find
    from webapp.subjects.events import Arrival, events_accept, place_make

    served = Served("s", SLUG, 1, "v", 0, 1, "", 0, "adapted", ("forum",))
    while not over.is_set():
        now, started = timezone.now(), time.perf_counter()
        arrivals = [Arrival(str(uuid4()), now, "use", "forum") for _ in range(10)]
        who = {"key": f"new:{len(spans) % 100}", "visitor": ""}
        with transaction.atomic():
            place = place_find(**who, slug=SLUG, digest=served.digest) or place_make(
                **who, user_id=None, served=served, surface=surface
            )
            events_accept(key=who["key"], place=place, served=served, arrivals=arrivals, now=now)
        spans.append(time.perf_counter() - started)
    connection.close()


def _milliseconds(spans: list[float]) -> dict[str, float]:
    spans = sorted(spans)
    points = {"p50": 0.5, "p99": 0.99, "most": 1.0}
    found = {n: round(1000 * spans[int((len(spans) - 1) * p)], 1) for n, p in points.items()}
    return {"batches": len(spans), **found}


if __name__ == "__main__":
    sys.exit(main())
