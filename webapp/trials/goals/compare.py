"""Compares the groups of a trial by the goals that were declared before it began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from webapp.subjects.decisions import is_control
from webapp.surfaces.models import Goal
from webapp.trials.goals.judging import Sums, judged
from webapp.trials.goals.sequence import errors
from webapp.trials.goals.values import entries, sums
from webapp.trials.models import Trial

DECLARED = ("name", "title", "unit", "better", "most", "window_days", "planned_people")


def declaration(goal: Goal) -> dict[str, Any]:
    """What a trial keeps of a goal when it begins."""
    return {"id": goal.pk, **{name: getattr(goal, name) for name in DECLARED}}


def goals_compare(trial: Trial, now: datetime) -> list[dict[str, Any]]:
    """Returns a row per goal: those that the trial declared, the primary one first, then those that
    were declared later, without interval and verdict."""
    people = list(entries(trial.surface, trial.started_at))
    groups = {
        profile: is_control(key, trial.surface.slug, trial.percent) for profile, key, _ in people
    }
    parts = errors(len(trial.goals))
    declared = [
        {**row, "is_declared": True, "is_primary": number == 0, "error": parts[number]}
        for number, row in enumerate(trial.goals)
    ]
    known = [row["id"] for row in trial.goals]
    later = Goal.objects.filter(surface=trial.surface_id).exclude(pk__in=known)
    rows = [*declared, *(_undeclared(goal) for goal in later.order_by("place", "pk"))]
    return [_row(row, people, groups, now) for row in rows]


def _undeclared(goal: Goal) -> dict[str, Any]:
    return {**declaration(goal), "is_declared": False, "is_primary": False, "error": None}


def _row(
    goal: Mapping[str, Any],
    people: Sequence[tuple[int, str, datetime]],
    groups: Mapping[int, bool],
    now: datetime,
) -> dict[str, Any]:
    window = timedelta(days=goal["window_days"])
    first = {profile: at for profile, _, at in people}
    entered = {profile: at for profile, at in first.items() if at + window <= now}
    reached = sums(goal["id"], window, goal["most"], entered)
    control, adapted = (
        Sums.of(reached.get(profile, 0.0) for profile in entered if groups[profile] is is_in)
        for is_in in (True, False)
    )
    return {
        **goal,
        "people": {"control": control.people, "adapted": adapted.people},
        "waiting": len(first) - len(entered),
        "reached": len(reached),
        "bounded": sum(value >= goal["most"] for value in reached.values()),
        **judged(control, adapted, goal),
    }
