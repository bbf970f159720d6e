"""An interval that may be looked at every day: an asymptotic confidence sequence.

Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic
confidence sequences", Annals of Statistics 52 (2024), Theorem 2.2: with t observations so far,

    mean ± deviation · √( 2 (tρ² + 1) / (t² ρ²) · log( √(tρ² + 1) / α ) )

holds at all t at once with probability 1 − α, in the limit of many observations. The deviation is
estimated, so it adapts to the spread of the values; they need more than two finite moments, which a
bound on each guarantees. ρ may be chosen freely, before the first observation; it is narrowest at
about t* for ρ² = (−2 log α + log(−2 log α) + 1) / t* (their section B.2). The formula is Robbins'
normal mixture (1970), as in Howard, Ramdas, McAuliffe and Sekhon (2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

ERROR = 0.05
"""Probability that an interval is wrong at any look."""


def reach(people: float, planned: float, error: float = ERROR) -> float:
    """Returns half the interval's width, in standard errors of the estimate.

    people: observations so far. planned: those at which it is to be narrowest. error: α.
    """
    if people <= 0 or planned <= 0 or not 0 < error < 1:
        raise ValueError(f"people {people}, planned {planned}, error {error}: out of range")
    least = -2 * log(error)
    grown = people / planned * (least + log(least) + 1)  # tρ²
    return sqrt(2 * (grown + 1) / grown * log(sqrt(grown + 1) / error))


@dataclass(frozen=True)
class Group:
    """Values of one group of people: how many, their mean and variance (of a sample)."""

    people: int
    mean: float
    variance: float

    @classmethod
    def of(cls, people: int, total: float, squares: float) -> Group:
        """people ≥ 2; total, squares: sums of the values and of their squares."""
        mean = total / people
        return cls(people, mean, max(squares - people * mean * mean, 0.0) / (people - 1))


def standard_error(control: Group, adapted: Group) -> float:
    """Of the difference of the means: the larger of the groups' own and the pooled one.

    Where a goal is rare, the smaller group's own variance is 0 until its first event; the pooled
    one is right where the groups do not differ.
    """
    count = control.people + adapted.people
    own = control.variance / control.people + adapted.variance / adapted.people
    within = (control.people - 1) * control.variance + (adapted.people - 1) * adapted.variance
    pooled = within / (count - 2) * (1 / control.people + 1 / adapted.people)
    return sqrt(max(own, pooled))


def interval(
    control: Group, adapted: Group, planned: float, error: float = ERROR
) -> tuple[float, float]:
    """Returns the interval of adapted minus control that holds at all looks at once."""
    far = reach(control.people + adapted.people, planned, error)
    width = far * standard_error(control, adapted)
    difference = adapted.mean - control.mean
    return difference - width, difference + width


def errors(goals: int) -> list[float]:
    """The error of each declared goal: the primary one has ERROR, the others share another ERROR.

    So in 95 of 100 trials the primary goal's interval holds at every look, and in 95 of 100 those
    of all others hold at every look at once (Bonferroni).
    """
    others = max(goals - 1, 1)
    return [ERROR, *(ERROR / others for _ in range(goals - 1))][:goals]
