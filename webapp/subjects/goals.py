"""Counts events of the goals that a team declared, once per id."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from webapp.lib.times import to_milliseconds
from webapp.subjects import unlearned
from webapp.subjects.events import Arrival, Counted
from webapp.subjects.models import GoalEvent, Profile
from webapp.surfaces.models import Goal

GOAL = "goal"
"""What an event of a goal is called beside the kinds of `Event`."""


def goals_declared(slug: str) -> dict[str, int]:
    """The keys of a surface's declared goals by name, the primary one first."""
    rows = Goal.objects.filter(surface__slug=slug)
    return dict(rows.order_by("place", "pk").values_list("name", "pk"))


def goals_accept(
    *,
    profile_id: int,
    arrivals: Sequence[Arrival],
    declared: Mapping[str, int],
    clock_offset: int,
    by_server: bool,
    now: datetime,
) -> Counted:
    """Stores events of declared goals; each id counts once for a person and goal.

    Must be called inside the transaction that locked the subject. clock_offset: seconds. Goals that
    are not declared (any more), and those of a time that the person had forgotten, count as neither
    accepted nor duplicate.
    """
    offset = timedelta(seconds=clock_offset)
    is_forgotten = _forgotten(profile_id)
    arrivals = [
        a
        for a in arrivals
        if a.value["name"] in declared and not is_forgotten(min(a.at, now) + offset)
    ]
    fresh = {
        (declared[a.value["name"]], a.id): GoalEvent(
            profile_id=profile_id,
            goal_id=declared[a.value["name"]],
            event_id=a.id,
            happened_at=min(a.at, now) + offset,
            value=a.value["value"],
            by_server=by_server,
            received_at=now,
        )
        for a in reversed(arrivals)  # of one id the first counts
    }
    known = GoalEvent.objects.filter(profile=profile_id, event_id__in=[a.id for a in arrivals])
    for pair in known.values_list("goal_id", "event_id"):
        fresh.pop(pair, None)
    GoalEvent.objects.bulk_create(fresh.values())
    return Counted(len(fresh), len(arrivals) - len(fresh))


def _forgotten(profile_id: int) -> Callable[[datetime], bool]:
    """Tells whether a moment is of a time that the person had forgotten."""
    state = Profile.objects.values_list("state", flat=True).get(pk=profile_id)
    marks = unlearned.load(state.get("unlearned"))
    return lambda at: marks is not None and marks.is_forgotten(to_milliseconds(at), -1)
