"""Measures whether deleting old events delays writers, on PostgreSQL.

DATABASE_URL=postgres://… python -m tests.evidence.retention --events 200000

The database must be a fresh one. A thread accepts batches of ten events: first alone, then while
`retention_apply` deletes a month of events row by row, then while `months_drop` drops a month with
as many events.
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

    from webapp.privacy.retention import AT_ONCE, retention_apply
    from webapp.subjects import fold_request, partitions
    from webapp.subjects.models import Event
    from webapp.surfaces.models import Surface

    fold_request.folding_request = lambda profile_id: None  # no folding: only writes are measured
    call_command("migrate", verbosity=0)
    call_command("load_fixtures", verbosity=0, stdout=io.StringIO())
    surface, now = Surface.objects.get(slug=SLUG), timezone.now()
    profiles = _people(surface)
    old = partitions.month_of(now - timedelta(days=surface.event_days), -1).start
    _old_events(profiles, events, old)  # without a partition, so deleted row by row
    alone = _written(surface, lambda: time.sleep(seconds))
    done: dict[str, Any] = {}
    rows, rows_took = _beside(
        surface, lambda: done.update(retention_apply(surface=surface, now=now))
    )
    partitions.months_make(now=old)
    _old_events(profiles, events, old)
    month = partitions.month_of(old)
    drop, drop_took = _beside(
        surface, lambda: done.update(dropped=partitions.months_drop(before=month.end))
    )
    left = Event.objects.filter(received_at__lt=now - timedelta(days=1)).count()
    return {
        "retention_events": done["events"],
        "left": left,
        "rows_per_transaction": AT_ONCE,
        "seconds": rows_took,
        "writer_alone_ms": _milliseconds(alone),
        "writer_beside_ms": _milliseconds(rows),
        "dropped": done["dropped"],
        "drop_seconds": drop_took,
        "writer_beside_drop_ms": _milliseconds(drop),
    }


def _beside(surface: Any, act: Any) -> tuple[list[float], float]:
    """Returns the seconds of batches during `act` and the second after it, and those of `act`."""
    took: list[float] = []

    def timed() -> None:
        began = time.perf_counter()
        act()
        took.append(round(time.perf_counter() - began, 3))
        time.sleep(1)

    return _written(surface, timed), took[0]


def _people(surface: Any) -> list[tuple[Any, Any]]:
    from webapp.subjects.models import Profile, ServedDecision, Subject

    found = []
    for person in range(PEOPLE):
        subject = Subject.objects.create(key=f"old:{person}")
        profile = Profile.objects.create(subject=subject, surface=surface)
        decision = ServedDecision.objects.create(
            profile=profile, digest="x", visit="v", since=0, day=1, revision=1, generation=0,
            status="adapted", order=[],
        )  # fmt: skip
        found.append((profile, decision))
    return found


def _old_events(people: list[tuple[Any, Any]], count: int, at: datetime) -> None:
    from webapp.subjects.models import Event

    for profile, decision in people:
        Event.objects.bulk_create(
            Event(
                profile=profile, decision=decision, event_id=str(uuid4()), at=at, happened_at=at,
                kind="use", block="forum", batch=uuid4(), received_at=at, fold="folded",
                lease_until=at,
            )
            for _ in range(count // PEOPLE)
        )  # fmt: skip


def _written(surface: Any, meanwhile: Any) -> list[float]:
    """Returns the seconds of each batch that was accepted during `meanwhile`."""
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
    from webapp.subjects.event_rows import target_find
    from webapp.subjects.events import Arrival, events_accept, target_make

    served = Served("s", SLUG, 1, "v", 0, 1, "", 0, "adapted", ("forum",))
    while not over.is_set():
        now, started = timezone.now(), time.perf_counter()
        arrivals = [Arrival(str(uuid4()), now, "use", "forum") for _ in range(10)]
        who = {"key": f"new:{len(spans) % 100}", "visitor": ""}
        with transaction.atomic():
            place = target_find(**who, slug=SLUG, digest=served.digest) or target_make(
                **who, user_id=None, served=served, surface=surface
            )
            events_accept(key=who["key"], target=place, served=served, arrivals=arrivals, now=now)
        spans.append(time.perf_counter() - started)
    connection.close()


def _milliseconds(spans: list[float]) -> dict[str, float]:
    spans = sorted(spans)
    points = {"p50": 0.5, "p99": 0.99, "most": 1.0}
    found = {n: round(1000 * spans[int((len(spans) - 1) * p)], 1) for n, p in points.items()}
    return {"batches": len(spans), **found}


if __name__ == "__main__":
    sys.exit(main())
