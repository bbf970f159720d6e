"""Judges a goal in a trial by the sums of its two groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.trials.goals.sequence import Group, interval

LEAST_PEOPLE = 100
"""People in each group before an interval is shown, as in audits (`ml.evaluation.statistics`)."""
LEAST_REACHED = 25
"""People of both groups together who reached the goal, before an interval is shown: the interval is
asymptotic, and rarer values are too far from the limit."""


@dataclass(frozen=True)
class Sums:
    """Of one group: people, those above 0, and the sums of their values and of the squares."""

    people: int
    reached: int
    total: float
    squares: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Sums:
        known = list(values)
        above = sum(value > 0 for value in known)
        return cls(len(known), above, sum(known), sum(value * value for value in known))

    @property
    def group(self) -> Group:
        return Group.of(self.people, self.total, self.squares)


def judged(control: Sums, adapted: Sums, goal: Mapping[str, Any]) -> dict[str, Any]:
    """Returns both means, their difference, its interval and the verdict.

    verdict: better, worse or open by the interval; too_few; not_declared.
    """
    least = min(control.people, adapted.people)
    if least < 2:
        nothing = dict.fromkeys(("control", "adapted", "difference", "any_time_interval"))
        return {**nothing, "verdict": "too_few" if goal["is_declared"] else "not_declared"}
    groups = control.group, adapted.group
    found = {
        "control": groups[0].mean,
        "adapted": groups[1].mean,
        "difference": groups[1].mean - groups[0].mean,
        "any_time_interval": None,
    }
    if not goal["is_declared"]:
        return {**found, "verdict": "not_declared"}
    if least < LEAST_PEOPLE or control.reached + adapted.reached < LEAST_REACHED:
        return {**found, "verdict": "too_few"}
    ends = interval(*groups, planned=goal["planned_people"], error=goal["error"])
    told = {"any_time_interval": list(ends), "verdict": verdict(ends, goal["better"])}
    return {**found, **told}


def verdict(ends: Sequence[float], better: int) -> str:
    low, high = sorted(better * end for end in ends)
    if low > 0:
        return "better"
    return "worse" if high < 0 else "open"
