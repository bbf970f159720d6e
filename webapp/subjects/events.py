"""Taking events in: rows on disk before the answer, folding afterwards."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction

from webapp.surfaces.models import Surface

from . import live
from .decisions import Served
from .models import Event, Profile, ServedDecision, Subject

log = logging.getLogger(__name__)
BROKER_PAUSE = 5.0
"""Seconds."""
_silent_until = 0.0
LEASE = timedelta(seconds=30)
"""How long the task that was just sent has, before the sweep sends another."""


@dataclass(frozen=True)
class Arrival:
    """An event as a client sends it. at: UTC, by the client's clock."""

    id: str
    at: datetime
    kind: str
    block: str = ""
    value: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Counted:
    accepted: int
    duplicate: int


@transaction.atomic
def events_accept(
    *,
    key: str,
    user_id: str | None,
    served: Served,
    surface: Surface,
    arrivals: Sequence[Arrival],
    now: datetime,
) -> Counted:
    """Keeps the events that are new and asks a worker to fold them once they are on disk.

    The subject stays locked until the transaction ends: an erasure comes before or after it.
    """
    profile = _profile(key, user_id, surface)
    decision, _ = ServedDecision.objects.get_or_create(
        profile=profile, digest=served.digest, defaults=_decision_columns(served)
    )
    batch = uuid4()
    offset = timedelta(seconds=profile.subject.clock_offset)
    since = datetime.fromtimestamp(served.since / 1000, UTC)
    rows = [
        Event(
            profile=profile,
            decision=decision,
            event_id=arrival.id,
            at=arrival.at,
            # Not before the decision it carries could be made, not after its arrival.
            happened_at=max(min(arrival.at, now) + offset, min(since, now + offset)),
            kind=arrival.kind,
            block=arrival.block,
            value=dict(arrival.value),
            batch=batch,
            received_at=now,
            lease_until=now + LEASE,
        )
        for arrival in arrivals
    ]
    Event.objects.bulk_create(rows, ignore_conflicts=True)
    ids = [arrival.id for arrival in arrivals]
    accepted = Event.objects.filter(profile=profile, event_id__in=ids, batch=batch).count()
    if accepted:
        live.forget_on_commit(key, [surface.slug])
        transaction.on_commit(lambda: folding_request(profile.pk))
    return Counted(accepted, len(rows) - accepted)


def folding_request(profile_id: int) -> None:
    """Asks a worker. Where the broker is away, the sweep asks again; finding out takes seconds, so
    nobody tries for a while after it failed."""
    global _silent_until
    from .tasks import fold_profile

    if time.monotonic() < _silent_until:
        return
    try:
        fold_profile.delay(profile_id)
    except Exception:
        _silent_until = time.monotonic() + BROKER_PAUSE
        log.warning("events.broker_unavailable", exc_info=True)


def _profile(key: str, user_id: str | None, surface: Surface) -> Profile:
    profile = (
        Profile.objects.select_related("subject")
        .select_for_update(of=("subject",), no_key=True)
        .filter(subject__key=key, surface_id=surface.pk)
        .first()
    )
    if profile is not None:
        return profile
    locked = Subject.objects.select_for_update(no_key=True)
    subject, _ = locked.get_or_create(key=key, defaults={"user_id": user_id})
    return Profile.objects.get_or_create(subject=subject, surface=surface)[0]


def _decision_columns(served: Served) -> dict[str, Any]:
    return {
        "visit": served.visit,
        "since": served.since,
        "day": served.day,
        "version": served.version,
        "revision": served.revision,
        "generation": served.generation,
        "status": served.status,
        "order": list(served.order),
        "tokens": list(served.tokens),
        "side_bits": served.side_bits,
        "distortion": served.distortion,
        "propensity": served.propensity,
        "explored": served.explored,
        "budget": served.budget,
        "candidates": served.candidates,
    }
