"""Locks of people on PostgreSQL, by connections at once; `test_locks` runs this file elsewhere."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections, transaction

from tests.patience import PATIENCE
from webapp.privacy.corrections import About, Act, Correction, profile_correct
from webapp.privacy.erase import subject_erase
from webapp.privacy.merge import subject_merge
from webapp.subjects.event_rows import target_find
from webapp.subjects.fold_worker import profile_fold
from webapp.subjects.models import Event, Profile, ServedDecision, Subject
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db(transaction=True)
SIDES = 3
TIMES, EVENTS = int(os.environ.get("TIMES", "60")), 20


@pytest.mark.parametrize("end", ["erased", "merged", "corrected"])
def test_folding_accepting_and_ending_never_wait_in_a_circle(page, end):
    failed: list[str] = []
    with ThreadPoolExecutor(SIDES) as threads:
        for number in range(TIMES):
            one, two = (_profile(f"host:{name}-{number}", page) for name in ("one", "two"))
            now = datetime.now(UTC)
            merge = partial(subject_merge, source=one.subject, target=two.subject, now=now)
            ending = merge if end == "merged" else partial(subject_erase, key=one.subject.key)
            if end == "corrected":
                ending = partial(correct, one.subject.key, page)
            fold = partial(profile_fold, profile_id=one.pk, now=now)
            failed += at_once(threads, ending, fold, accept(one))
        assert at_once(threads, *[connections.close_all] * SIDES) == []

    assert failed == []
    left = TIMES if end == "corrected" else 0
    assert Subject.objects.filter(key__startswith="host:one").count() == left


def correct(key: str, page: Surface) -> None:
    """Strikes out what the events are of."""
    strike, now = Correction(Act.STRIKE, About.USE, "forum"), datetime.now(UTC)
    profile_correct(key=key, user_id=None, surface=page, correction=strike, now=now)
    assert not Event.objects.filter(profile__subject__key=key, fold="folded").exists()


def at_once(threads: ThreadPoolExecutor, *steps: Callable[[], object]) -> list[str]:
    """Runs each step by a connection of its own, as all of them meet; returns what they raised."""
    met = threading.Barrier(len(steps))

    def run(step: Callable[[], object]) -> str:
        met.wait(PATIENCE)
        try:
            step()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""

    return [error for error in threads.map(run, steps) if error]


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
