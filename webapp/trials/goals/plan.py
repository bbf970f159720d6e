"""Plans a trial from a page's own history: who came, and how far their values differ."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from webapp.surfaces.models import Goal, Surface
from webapp.trials.goals.judging import LEAST_PEOPLE, LEAST_REACHED, Sums
from webapp.trials.goals.planning import POWER, days_needed, people_at_least, people_needed
from webapp.trials.goals.sequence import errors
from webapp.trials.goals.values import entries, sums

HISTORY = 56
"""Days of the past that a plan reads, at most."""
LEAST_ENTRIES = 7
"""Days on which people must have come whose window is over."""
OTHERS = (5, 10, 20, 50)
"""Control shares, in percent, that a plan compares."""
LEAST_EFFECT, MOST_EFFECT = 0.1, 500.0
"""Percent."""


class PlanError(ValueError):
    """Nothing can be planned; the sentence says why, and the next step."""


@dataclass(frozen=True)
class History:
    """arrived: distinct people who had come by the end of each day. values: bounded sums of those
    whose window is over. bounded: how many reached the bound."""

    arrived: list[int]
    values: Sums
    bounded: int


@dataclass(frozen=True)
class Share:
    """What one control share needs. days: None where so many people never come."""

    control_percent: int
    people: int
    days: int | None


@dataclass(frozen=True)
class Plan:
    """mean, deviation: of one person's value today. error, power: what the numbers promise."""

    surface: str
    goal: str
    title: str
    effect_percent: float
    control_percent: int
    people: int
    days: int | None
    people_a_day: float
    window_days: int
    mean: float
    deviation: float
    history_days: int
    history_people: int
    reached: int
    bounded: int
    error: float
    power: float
    by_control: tuple[Share, ...]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "in_words": in_words(self)}


def goal_plan(*, goal: Goal, effect_percent: float, now: datetime) -> Plan:
    """Raises PlanError where there is no control share, no such effect, or too little history."""
    surface = goal.surface
    if not LEAST_EFFECT <= effect_percent <= MOST_EFFECT:
        raise PlanError(
            f"effect: {effect_percent:g} % is out of range. Name the smallest change of the mean "
            f"that matters to you, from {LEAST_EFFECT:g} to {MOST_EFFECT:g} %."
        )
    if not surface.control_percent:
        raise PlanError(
            f"control_percent: 0 on {surface.slug}, so there is nobody to compare with. "
            "Set it in the admin, for example to 10."
        )
    past = _history(goal, now)
    values, error = past.values.group, _error(goal)
    shares = tuple(
        _share(past, goal, percent, effect_percent / 100, error)
        for percent in sorted({*OTHERS, surface.control_percent})
    )
    mine = next(share for share in shares if share.control_percent == surface.control_percent)
    return Plan(
        surface=surface.slug,
        goal=goal.name,
        title=goal.title,
        effect_percent=effect_percent,
        control_percent=surface.control_percent,
        people=mine.people,
        days=mine.days,
        people_a_day=past.arrived[-1] / len(past.arrived),
        window_days=goal.window_days,
        mean=values.mean,
        deviation=values.variance**0.5,
        history_days=len(past.arrived),
        history_people=values.people,
        reached=past.values.reached,
        bounded=past.bounded,
        error=error,
        power=POWER,
        by_control=shares,
    )


def goal_named(surface: Surface, name: str) -> Goal:
    """The surface's goal of that name, or its primary one for ''. Raises PlanError."""
    goals = list(surface.goals.order_by("place", "pk"))
    if not goals:
        raise PlanError(
            f"goal: {surface.slug} has none. Declare one in the admin, under Goals, and let its "
            "events come in for two weeks."
        )
    found = next((goal for goal in goals if goal.name == name or not name), None)
    if found is None:
        known = ", ".join(goal.name for goal in goals)
        raise PlanError(f"goal: {name!r} is none of {surface.slug}. It has: {known}.")
    return found


def in_words(plan: Plan) -> str:
    if plan.days is None:
        when = "and so many will not come: nobody new came lately. Look for a larger effect"
    else:
        when = f"which takes {plan.days} days, with {plan.window_days} after the last one came"
    return (
        f"To find that adapting changes {plan.title} by {plan.effect_percent:g} % with "
        f"probability {100 * plan.power:.0f} %, a trial with {plan.control_percent} % control "
        f"needs {plan.people:,} people, {when}. Without an effect, at most "
        f"{100 * plan.error:.2g} % of trials claim one, however often one looks."
    )


def _share(past: History, goal: Goal, percent: int, effect: float, error: float) -> Share:
    values, share = past.values, percent / 100
    people = max(
        people_needed(values.group.mean, values.group.variance, effect, share, error),
        people_at_least(share, values.reached / values.people),
    )
    days = days_needed(people, past.arrived)
    return Share(percent, people, None if days is None else days + goal.window_days)


def _error(goal: Goal) -> float:
    rows = list(Goal.objects.filter(surface=goal.surface_id).order_by("place", "pk"))
    return errors(len(rows))[rows.index(goal)]


def _history(goal: Goal, now: datetime) -> History:
    """What came since the goal was declared. Raises PlanError where that is too little."""
    since = max(goal.declared_at, now - timedelta(days=HISTORY))
    window, days = timedelta(days=goal.window_days), (now - since) // timedelta(days=1)
    least = goal.window_days + LEAST_ENTRIES
    if days < least:
        raise PlanError(
            f"history: {days} days since {goal.name} was declared, and {least} are needed: "
            f"{LEAST_ENTRIES} on which people come, and {goal.window_days} of the last one. "
            f"Plan again in {least - days} days."
        )
    first = {profile: at for profile, _, at in entries(goal.surface, since)}
    entered = {profile: at for profile, at in first.items() if at + window <= now}
    found = sums(goal.pk, window, goal.most, entered)
    values = Sums.of(found.get(profile, 0.0) for profile in entered)
    _refuse_few(goal, values)
    came = sorted((at - since) // timedelta(days=1) for at in first.values())
    arrived = [sum(day <= end for day in came) for end in range(days)]
    return History(arrived, values, sum(value >= goal.most for value in found.values()))


def _refuse_few(goal: Goal, values: Sums) -> None:
    if values.people < LEAST_PEOPLE:
        raise PlanError(
            f"history: {values.people} people came whose {goal.window_days} days are over, and "
            f"{LEAST_PEOPLE} are needed. Plan again when more have come, or shorten the window."
        )
    if values.reached < LEAST_REACHED:
        raise PlanError(
            f"history: {values.reached} of {values.people} people reached {goal.name}, and "
            f"{LEAST_REACHED} are needed. See that its events arrive, or plan again later."
        )
    if values.group.variance == 0:
        raise PlanError(
            f"history: everybody has the same value of {goal.name}, so no trial can change it. "
            "Raise its bound, or choose another goal."
        )
