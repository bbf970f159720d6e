"""Locks of people on PostgreSQL, by connections at once; `test_locks` runs this file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections, transaction

from tests.patience import PATIENCE
from webapp.privacy.erase import subject_erase
from webapp.privacy.merge import subject_merge
from webapp.subjects.event_rows import target_find
from webapp.subjects.fold_worker import profile_fold
from webapp.subjects.models import Event, Profile, ServedDecision, Subject
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db(transaction=True)
TIMES, EVENTS = 100, 20


@pytest.mark.parametrize("end", ["erased", "merged"])
def test_folding_accepting_and_ending_never_wait_in_a_circle(page, end):
    failed: list[str] = []
    for number in range(TIMES):
        one, two = (_profile(f"host:{name}-{number}", page) for name in ("one", "two"))
        now = datetime.now(UTC)
        merge = partial(subject_merge, source=one.subject, target=two.subject, now=now)
        ending = merge if end == "merged" else partial(subject_erase, key=one.subject.key)
        at_once(failed, ending, partial(profile_fold, profile_id=one.pk, now=now), accept(one))

    assert failed == []
    assert Subject.objects.filter(key__startswith="host:one").count() == 0


def at_once(failed: list[str], *steps: Callable[[], object]) -> None:
    """Runs each step by a connection of its own, and keeps what it raised."""
    met = threading.Barrier(len(steps))

    def run(step: Callable[[], object]) -> None:
        met.wait(PATIENCE)
        try:
            step()
        except Exception as error:
            failed.append(f"{type(error).__name__}: {error}")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)


def _profile(key: str, page: Surface) -> Profile:
    """A subject on the page with pending events under one decision."""
    profile = Profile.objects.create(subject=Subject.objects.create(key=key), surface=page)
    columns: dict[str, Any] = {"visit": "v", "since": 0, "day": 0, "revision": 1, "generation": 0}
    order = [block["id"] for block in page.definition["blocks"]]
    decision = ServedDecision.objects.create(
        profile=profile, digest=key, status="adapted", order=order, **columns
    )
    _events(profile.pk, decision.pk, EVENTS)
    return profile


def _events(profile: int, decision: int, count: int) -> None:
    now = datetime.now(UTC)
    times = {"at": now, "happened_at": now, "received_at": now, "lease_until": now}
    rows = {"profile_id": profile, "decision_id": decision, "kind": "use", "block": "forum"}
    Event.objects.bulk_create(
        Event(event_id=str(uuid4()), batch=uuid4(), **times, **rows) for _ in range(count)
    )


def accept(profile: Profile) -> Callable[[], None]:
    """Takes the locks that accepting a batch takes, and writes three events."""
    key, slug = profile.subject.key, profile.surface.slug

    def step() -> None:
        with transaction.atomic():
            target = target_find(key=key, visitor="", slug=slug, digest=key)
            if target is not None:
                _events(target.profile_id, target.decision_id, 3)

    return step
