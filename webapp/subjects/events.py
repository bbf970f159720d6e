"""Accepts events: rows are written before the answer, and folded afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from webapp.lib import database
from webapp.subjects import fold_request, state_cache
from webapp.subjects.decisions import Served
from webapp.subjects.erasure import times_erased
from webapp.subjects.event_rows import BatchTarget, NewEvent, rows_insert
from webapp.subjects.models import Profile, ServedDecision, Subject
from webapp.surfaces.models import Surface

LEASE = timedelta(seconds=30)
"""Time that a folding task has before the sweep sends another."""


@dataclass(frozen=True)
class Arrival:
    """An event as sent by a client. at: UTC, by the client's clock."""

    id: str
    at: datetime
    kind: str
    block: str = ""
    value: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Counted:
    accepted: int
    duplicate: int


def target_make(
    *, key: str, user_id: str | None, visitor: str, served: Served, surface: Surface
) -> BatchTarget:
    """Creates the rows that `target_find` misses, and locks the subject.

    Must be called inside a transaction.
    """
    locked = Subject.objects.select_for_update(no_key=True)
    subject, _ = locked.get_or_create(key=key, defaults={"user_id": user_id})
    profile, _ = Profile.objects.get_or_create(subject=subject, surface=surface)
    decision, _ = ServedDecision.objects.get_or_create(
        profile=profile, digest=served.digest, defaults=_decision_columns(served)
    )
    times = {name: times_erased(name) for name in (visitor, key)}
    return BatchTarget(profile.pk, decision.pk, subject.clock_offset, times)


def events_accept(
    *,
    key: str,
    target: BatchTarget,
    served: Served,
    arrivals: Sequence[Arrival],
    now: datetime,
) -> Counted:
    """Stores new events and asks a worker to fold them after the commit.

    Must be called inside the transaction that found or made the target, so that an erasure comes
    before or after.
    """
    offset = timedelta(seconds=target.clock_offset)
    since = datetime.fromtimestamp(served.since / 1000, UTC)
    # An event happened after its decision could be made, and before its arrival.
    first = min(since, now + offset)
    events = [
        NewEvent(a.id, a.at, max(min(a.at, now) + offset, first), a.kind, a.block, dict(a.value))
        for a in arrivals
    ]
    accepted = rows_insert(target, events, batch=uuid4(), now=now, lease_until=now + LEASE)
    if accepted:
        state_cache.forget_on_commit(key, [served.surface])
        database.on_commit(lambda: fold_request.folding_request(target.profile_id))
    return Counted(accepted, len(events) - accepted)


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
        "sizes": dict(served.sizes) or None,
        "tokens": list(served.tokens),
        "book": served.book,
        "side_bits": served.side_bits,
        "distortion": served.distortion,
        "propensity": served.propensity,
        "explored": served.explored,
        "budget": served.budget,
        "candidates": served.candidates,
    }
