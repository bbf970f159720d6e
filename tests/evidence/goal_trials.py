"""Simulated trials with daily looks: how many claim an effect that is not there, and how many find
one of the planned size by the planned day.

`python -m tests.evidence.goal_trials` prints a JSON line per page. Everything is simulated: people
come as a Poisson process and reach goals independently of one another.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

from webapp.trials.goals.judging import Sums, judged
from webapp.trials.goals.planning import days_needed, people_at_least, people_needed
from webapp.trials.goals.sequence import errors, standard_error

Floats = npt.NDArray[np.float64]
WINDOW = 7
"""Days of a person that count."""
LOOKED_WITHOUT_PLAN = 180
"""Days of daily looks at trials without an effect."""
SINGLE = 1.96
"""Standard errors to either side of a 95 % interval for one look."""


@dataclass(frozen=True)
class Page:
    """rate: share of people who reach the goal; spread: of the log of what one is worth (0: 1)."""

    name: str
    people_a_day: float
    control: float
    rate: float
    spread: float = 0.0
    most: float = 1.0

    def values(self, count: int, effect: float, rng: np.random.Generator) -> Floats:
        """Bounded values of people. The effect is on how many reach the goal."""
        has = rng.random(count) < self.rate * (1 + effect)
        worth = rng.lognormal(3.5, self.spread, count) if self.spread else np.ones(count)
        return np.minimum(np.where(has, worth, 0.0), self.most)


PAGES = (
    Page("replies, half control", 60, 0.5, 0.2),
    Page("orders, a twentieth control", 400, 0.05, 0.05),
    Page("rare orders, half control", 100, 0.5, 0.02),
    Page("rare orders, a tenth control", 200, 0.1, 0.02),
    Page("heavy-tailed sums, a tenth control", 400, 0.1, 0.1, 1.2, 300.0),
)


@dataclass(frozen=True)
class Plan:
    people: int
    days: int


def planned(page: Page, effect: float, error: float, rng: np.random.Generator) -> Plan:
    """A plan made as the planner makes it: of four weeks' simulated history."""
    came = rng.poisson(page.people_a_day, 28).cumsum()
    past = page.values(int(came[-1]), 0.0, rng)
    people = people_needed(past.mean(), past.var(ddof=1), effect, page.control, error)
    people = max(people, people_at_least(page.control, float((past > 0).mean())))
    days = days_needed(people, came.tolist())
    assert days is not None
    return Plan(people, days + WINDOW)


def verdicts(
    page: Page, effect: float, days: int, people: int, error: float, rng: np.random.Generator
) -> Iterator[tuple[str, bool]]:
    """Of each day's look at one trial the verdict, and whether an interval that is right for a
    single look would leave 0. people: as planned."""
    came = rng.poisson(page.people_a_day, days)
    is_control = rng.random(int(came.sum())) < page.control
    count = len(is_control)
    values = np.where(is_control, page.values(count, 0.0, rng), page.values(count, effect, rng))
    goal = {"is_declared": True, "better": 1, "planned_people": people, "error": error}
    columns = np.stack([np.ones_like(values), values > 0, values, values**2])
    sums = [
        np.concatenate([np.zeros((4, 1)), np.cumsum(columns * group, axis=1)], axis=1)
        for group in (is_control, ~is_control)
    ]
    ends = np.concatenate([[0], came.cumsum()])
    for day in range(WINDOW, days + 1):
        at = ends[day - WINDOW]
        control, adapted = (Sums(int(s[0, at]), int(s[1, at]), s[2, at], s[3, at]) for s in sums)
        found = judged(control, adapted, goal)
        is_judged = found["any_time_interval"] is not None
        far = SINGLE * standard_error(control.group, adapted.group) if is_judged else inf
        yield found["verdict"], abs(found["difference"] or 0.0) > far


def measured(page: Page, effect: float, trials: int, seed: int) -> dict[str, object]:
    """Shares of trials that claim anything without an effect, and that find a planned one."""
    rng = np.random.default_rng(seed)
    false = single = others = found = 0
    days = []
    for _ in range(trials):
        plan = planned(page, effect, errors(1)[0], rng)
        days.append(plan.days)
        told = list(verdicts(page, effect, plan.days, plan.people, errors(1)[0], rng))
        found += any(verdict == "better" for verdict, _ in told)
        # Three goals without an effect: the primary one, and the claims of both others together.
        first, *more = (
            list(verdicts(page, 0.0, LOOKED_WITHOUT_PLAN, plan.people, error, rng))
            for error in errors(3)
        )
        false += _claims(first)
        single += any(is_outside for _, is_outside in first)
        others += any(_claims(looks) for looks in more)
    return {
        "page": page.name,
        "simulated": True,
        "trials": trials,
        "looks": LOOKED_WITHOUT_PLAN - WINDOW + 1,
        "claimed_without_effect": false / trials,
        "claimed_by_two_more_goals": others / trials,
        "claimed_by_single_looks": single / trials,
        "effect": effect,
        "planned_days": float(np.median(days)),
        "found_in_planned_days": found / trials,
    }


def _claims(looks: Iterable[tuple[str, bool]]) -> bool:
    return any(verdict in ("better", "worse") for verdict, _ in looks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--effect", type=float, default=0.3, help="share of the mean")
    asked = parser.parse_args()
    for seed, page in enumerate(PAGES):
        print(json.dumps(measured(page, asked.effect, asked.trials, seed)), flush=True)


if __name__ == "__main__":
    main()
