"""How many people and days a trial needs to find an effect of a given size."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from statistics import NormalDist

from webapp.trials.goals.judging import LEAST_PEOPLE, LEAST_REACHED
from webapp.trials.goals.sequence import ERROR, reach

POWER = 0.8
"""Probability that an effect of the planned size is found by the planned day."""


def people_needed(
    mean: float, variance: float, effect: float, share: float, error: float = ERROR
) -> int:
    """People of both groups for which the interval leaves 0 with probability POWER.

    mean, variance: of people's values today. effect: of adapting, as a share of the mean; adapted
    people's values are taken to grow with it, their spread too. share: of people in control.

    By the last planned look the difference of the means is normal about effect · mean, and the
    interval (`sequence.reach`, narrowest at the planned people) leaves 0 where it is more than
    `reach` standard errors away; earlier looks only add to the power.
    """
    difference = abs(effect) * mean
    if difference <= 0 or variance <= 0 or not 0 < share < 1:
        raise ValueError(f"mean {mean}, variance {variance}, effect {effect}, share {share}")
    grown = variance * (1 + effect) ** 2
    own = variance / share + grown / (1 - share)
    pooled = variance / (1 - share) + grown / share  # as `sequence.standard_error`, per person
    deviation = sqrt(max(own, pooled))
    far = reach(1.0, 1.0, error) + NormalDist().inv_cdf(POWER)
    return ceil((far * deviation / difference) ** 2)


def people_at_least(share: float, rate: float) -> int:
    """People of both groups before anything is shown. rate: share of people who reach the goal."""
    return ceil(max(LEAST_PEOPLE / min(share, 1 - share), LEAST_REACHED / max(rate, 1e-9)))


def days_needed(people: int, arrived: Sequence[int]) -> int | None:
    """Days until so many people have come, as they came in the past; None if they never will.

    arrived: distinct people who had come by the end of each day since the history's start. Beyond
    it, people come as in its later half.
    """
    for day, count in enumerate(arrived, 1):
        if count >= people:
            return day
    half = len(arrived) // 2
    rate = (arrived[-1] - arrived[half - 1]) / (len(arrived) - half) if half else 0.0
    return len(arrived) + ceil((people - arrived[-1]) / rate) if rate > 0 else None
