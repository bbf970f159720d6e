"""Closes visits that are over by one worker and by two, and one after another as before.

    DATABASE_URL=postgres://… REDIS_URL=redis://… python -m tests.evidence.ended_visits

The database must be a fresh one. The visits are simulated: one person's open visit is folded from
events, and copied under other keys. `alone` folds one profile in each transaction, in this process;
then Celery's workers of one process each, to whom a sweep hands out shards every second. `cpu` are
processor seconds of the workers, without the database's.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.evidence.million.workers import workers

SLUG, DEADLINE = "course-home", 900.0


def ended_make(surface: Any, count: int, at: datetime) -> None:
    """Makes `count` subjects, each with a visit that began at `at` and is open still."""
    from webapp.subjects.fold_worker import profile_fold
    from webapp.subjects.models import Profile, Subject, Visit

    first = _folded(surface, at, profile_fold)
    visit = Visit.objects.get(profile=first)
    keys = [f"ended:{n:07}" for n in range(count - 1)]
    for some in (keys[n : n + 2000] for n in range(0, len(keys), 2000)):
        subjects = Subject.objects.bulk_create(Subject(key=key) for key in some)
        copied = {"surface": surface, "state": first.state, "open_until": first.open_until}
        rows = Profile.objects.bulk_create(Profile(subject=s, **copied) for s in subjects)
        columns = {name: getattr(visit, name) for name in ("visit", "started_at", "day", "uses")}
        Visit.objects.bulk_create(Visit(profile=row, order=visit.order, **columns) for row in rows)


def _folded(surface: Any, at: datetime, fold: Any) -> Any:
    """A profile whose open visit has three used blocks."""
    from webapp.subjects.models import Event, Profile, ServedDecision, Subject

    profile = Profile.objects.create(subject=Subject.objects.create(key="ended"), surface=surface)
    order = [block["id"] for block in surface.definition["blocks"]]
    decision = ServedDecision.objects.create(
        profile=profile, digest="d", visit="v", since=0, day=1, revision=1, generation=0,
        status="adapted", order=order,
    )  # fmt: skip
    columns = {"profile": profile, "decision": decision, "kind": "use", "batch": uuid4()}
    times = {"at": at, "happened_at": at, "received_at": at, "lease_until": at}
    Event.objects.bulk_create(
        Event(event_id=str(uuid4()), block=block, **columns, **times) for block in order[:3]
    )
    fold(profile_id=profile.pk, now=at)
    profile.refresh_from_db()
    return profile


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.evidence.ended_visits")
    parser.add_argument("--visits", type=int, default=20_000)
    options = parser.parse_args()
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        parser.error("DATABASE_URL: name a fresh PostgreSQL database, postgres://user@host/name.")
    if not os.environ.get("REDIS_URL"):
        parser.error("REDIS_URL: name a Redis database that nothing else uses.")
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "webapp.settings"}
        os.environ |= {"LOG_LEVEL": "ERROR"}
        import django

        django.setup()
        figures = dict(_measured(options.visits, Path(folder)))
    two, one = figures["two"], figures["one"]
    line = {"name": "ended_visits", "simulated": True, "visits": options.visits, **figures}
    line["two_by_one"] = round(two["per_second"] / one["per_second"], 2)
    print(json.dumps(line | {"load": round(os.getloadavg()[0], 1)}))
    return 0 if all(figure["exact"] for figure in figures.values()) else 1


def _measured(visits: int, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    from django.core.management import call_command

    from webapp.surfaces.models import Surface

    call_command("migrate", verbosity=0)
    call_command("load_fixtures", no_cohort=True, verbosity=0, stdout=io.StringIO())
    surface = Surface.objects.get(slug=SLUG)
    for name, count in (("alone", 0), ("one", 1), ("two", 2)):
        _emptied()
        ended_make(surface, visits, datetime.now().astimezone() - timedelta(hours=2))
        if count:
            with workers(folder, count) as at_work:
                at_work.wait()
                before, began = at_work.processor_seconds(), time.monotonic()
                _closed_by_sweeps()
                seconds = time.monotonic() - began
                cpu = at_work.processor_seconds() - before
        else:
            before, began = time.process_time(), time.monotonic()
            _closed_one_by_one()
            seconds, cpu = time.monotonic() - began, time.process_time() - before
        figure = {"per_second": round(visits / seconds, 1), "cpu": round(cpu, 1)}
        yield name, {**figure, "exact": _is_exact(visits)}


def _emptied() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE subjects_subject, surfaces_popularityday CASCADE")


def _closed_one_by_one() -> None:
    from webapp.lib.times import utc_now
    from webapp.subjects.fold_worker import profile_fold
    from webapp.subjects.models import Profile

    over = Profile.objects.filter(open_until__lt=utc_now()).order_by("open_until")
    while some := list(over.values_list("pk", flat=True)[:1000]):
        for pk in some:
            profile_fold(profile_id=pk, now=utc_now())


def _closed_by_sweeps() -> None:
    from celery import current_app

    from webapp.subjects.models import Profile

    until, swept = time.monotonic() + DEADLINE, 0.0
    while Profile.objects.exclude(open_until=None).exists():
        if time.monotonic() - swept > 1:
            current_app.send_task("subjects.sweep", expires=1)
            swept = time.monotonic()
        if swept > until:
            raise TimeoutError(f"visits were open still after {DEADLINE} s")
        time.sleep(0.05)


def _is_exact(visits: int) -> bool:
    """Whether each visit is closed and was counted once."""
    from webapp.subjects.models import Visit
    from webapp.surfaces.models import PopularityDay

    counted = sum(PopularityDay.objects.values_list("visits", flat=True))
    return counted == visits == Visit.objects.filter(is_closed=True).count()


if __name__ == "__main__":
    sys.exit(main())
