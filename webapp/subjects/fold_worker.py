"""Folds events into profiles exactly once, even if a worker dies in between.

Rows say which events are pending. One transaction locks the profile, folds its pending events,
writes the profile and marks the events folded. A killed worker leaves all of it undone, and another
worker repeats it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from uiengine.behaviour import profile_json
from uiengine.cost.reward import seconds_per_use
from uiengine.page.surface import Surface
from webapp.lib import database
from webapp.lib.times import to_milliseconds
from webapp.subjects import mappers, state_cache, visit_state
from webapp.subjects.counted_days import CountedDays
from webapp.subjects.decisions import visit_id
from webapp.subjects.models import Event, Profile, ServedDecision, Visit
from webapp.subjects.visit_events import LiveVisit
from webapp.subjects.visit_state import (
    Changes,
    FoldTarget,
    State,
    fold,
    is_unlearned,
    settle,
)
from webapp.surfaces.mappers import to_surface

AT_ONCE = 500
"""Events folded in one transaction."""
SWEEP_LEASE = timedelta(seconds=60)
SWEEP_AT_MOST = 1000
"""Profiles handled in one sweep."""


def profile_fold(*, profile_id: int, now: datetime) -> int:
    """Folds all pending events and closes a visit that is over; returns the number of events."""
    total = 0
    while True:
        count = _fold_some(profile_id, now)
        total += count
        if count < AT_ONCE:
            return total


@database.atomic
def _fold_some(profile_id: int, now: datetime) -> int:
    mine = Profile.objects.select_for_update(of=("self",)).select_related("subject", "surface")
    row = mine.filter(pk=profile_id).first()
    if row is None:  # erased in the meantime
        return 0
    counted = CountedDays()
    count = locked_fold(row, to_surface(row.surface), now, counted)
    counted.write()
    return count


def locked_fold(row: Profile, page: Surface, now: datetime, counted: CountedDays) -> int:
    """Folds up to AT_ONCE events of a locked profile on its page; returns how many.

    Popularity, whose rows are locked last, is left to `counted`.
    """
    key, slug = row.subject.key, row.surface.slug
    target = FoldTarget(
        page,
        row.surface.visit_minutes * 60_000,
        lambda since: visit_id(key, slug, since),
    )
    pending = (
        Event.objects.filter(profile=row, fold=Event.Fold.PENDING)
        .select_related("decision")
        .order_by("happened_at", "pk")
    )
    events = list(pending[:AT_ONCE])
    state, changes = mappers.to_state(row), Changes()
    last_day = state.profile.last_day if state.profile.visits else None
    folded: dict[str, list[Event]] = {}
    unlearned: list[Event] = []
    for event in events:
        happened = mappers.to_happened(event)
        visit = fold(state, happened, target, _Counted(row), changes)
        is_kept = not is_unlearned(state, happened, visit)
        (folded.setdefault(visit, []) if is_kept else unlearned).append(event)
    offset = row.subject.clock_offset * 1000
    settle(state, to_milliseconds(now) + offset, target.gap, changes)
    if events or changes.closed:
        for visit, rows in folded.items():
            _mark_folded(rows, visit)
        _delete_unlearned(unlearned)
        _forget_codes(state, events)
        _write_visits(row, changes, target)
        counted.add(row, changes.closed, target.day(to_milliseconds(now)), last_day)
        _write_profile(row, state, target.gap, offset)
        state_cache.forget_on_commit(key, [slug])
    return len(events)


def _mark_folded(events: list[Event], visit: str) -> None:
    """Marks events folded. Selects by id and time, so only their months are searched."""
    times = [event.at for event in events]
    rows = Event.objects.filter(pk__in=[event.pk for event in events])
    rows = rows.filter(at__gte=min(times), at__lte=max(times))
    rows.update(fold=Event.Fold.FOLDED, visit=visit)


def _delete_unlearned(events: list[Event]) -> None:
    """Deletes what the person wants nothing kept of."""
    if not events:
        return
    times = [event.at for event in events]
    rows = Event.objects.filter(pk__in=[event.pk for event in events])
    rows.filter(at__gte=min(times), at__lte=max(times)).delete()


def _forget_codes(state: State, events: list[Event]) -> None:
    """Takes the codes out of decisions that were made before something was struck out."""
    if state.unlearned is None:
        return
    newest = state.profile.feedback.generation
    old = {event.decision_id for event in events if event.decision.generation < newest}
    ServedDecision.objects.filter(pk__in=old).update(tokens=[])


class _Counted:
    """Tells if the given visit of this profile counted a block. Causes a query."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    def __call__(self, visit: str, block: str) -> bool:
        row = Visit.objects.filter(profile=self.profile, visit=visit).first()
        return row is not None and block in row.uses


def _write_profile(row: Profile, state: State, gap: int, offset: int) -> None:
    row.state = visit_state.dump(state)
    row.version += 1
    row.open_until = _to_datetime(state.last + gap - offset) if state.open else None
    row.save(update_fields=("state", "version", "open_until", "updated_at"))


def _write_visits(row: Profile, changes: Changes, target: FoldTarget) -> None:
    for visit in changes.touched.values():
        columns = {
            "started_at": _to_datetime(visit.started),
            "day": visit.day,
            "uses": visit.uses,
            "order": list(visit.order),
            "decision_id": visit.decision,
            "is_closed": not visit.is_open,
            **_drawn_columns(visit, target.surface),
        }
        Visit.objects.update_or_create(profile=row, visit=visit.id, defaults=columns)
    for visit_name, block, at in changes.late:
        columns = {"started_at": _to_datetime(at), "day": target.day(at), "is_closed": True}
        earlier, _ = Visit.objects.get_or_create(profile=row, visit=visit_name, defaults=columns)
        earlier.uses[block] = earlier.uses.get(block, 0) + 1
        earlier.save(update_fields=("uses",))


def _drawn_columns(visit: LiveVisit, surface: Surface) -> dict[str, Any]:
    """Columns of a drawn layout's reward when its visit closes; empty without exploration."""
    if visit.drawn is None or visit.before is None or visit.is_open:
        return {}
    drawn = ServedDecision.objects.filter(pk=visit.drawn)
    order = drawn.values_list("order", flat=True).first()
    if order is None:  # deleted by retention
        return {}
    before = profile_json.load(visit.before)
    seconds = seconds_per_use(surface, before, tuple(order), visit.uses)
    return {
        "drawn_id": visit.drawn,
        "before": visit.before,
        "reward": None if seconds is None else -seconds,
    }


def events_sweep(*, now: datetime) -> list[int]:
    """Profiles with events whose lease ran out, for the caller to enqueue; renews the lease."""
    stale = Event.objects.filter(fold=Event.Fold.PENDING, lease_until__lt=now)
    profiles = list(
        stale.order_by("profile_id").values_list("profile_id", flat=True).distinct()[:SWEEP_AT_MOST]
    )
    stale.filter(profile_id__in=profiles).update(lease_until=now + SWEEP_LEASE)
    return profiles


def _to_datetime(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
