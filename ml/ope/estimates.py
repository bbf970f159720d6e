"""Estimates a target's mean reward by IPS, SNIPS and doubly robustly, with intervals.

With w = π_target(y) / π_log(y) for the layout y that was served, r its reward and q a reward model:

    IPS    Σ w·r / V                                    unbiased
    SNIPS  Σ w·r / Σ w                                  less noise, a bias that vanishes with V
    DR     Σ (Σ_y π_target(y)·q(y) + w·(r − q)) / V     unbiased, less noise the better q predicts

*Interval*: each estimate is a ratio of sums over users. The jackknife leaves out users one by one,
never visits, because the visits of one person resemble each other. A few large weights make the
error itself uncertain, so it is multiplied by Student's t, whose degrees of freedom follow from the
spread of the users' parts. *Difference*: to the mean reward of what was served, over the same
users. `ml.ope.coverage` measures how often the intervals hold the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from ml.ope.log import LoggedVisit
from ml.ope.reward import predicted_rewards

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LEVEL = 0.05
"""Probability that an interval misses the truth."""


@dataclass(frozen=True)
class Estimate:
    """Mean reward under the target, and its difference to the mean reward of what was served."""

    value: float
    interval: tuple[float, float]
    difference: float
    difference_interval: tuple[float, float]


def effective_size(weights: Floats) -> float:
    """Kish's effective sample size, (Σw)² / Σw²: the number of equal weights with as much noise."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def estimates(visits: Sequence[LoggedVisit]) -> dict[str, Estimate]:
    """Returns the estimates `ips`, `snips` and `dr`."""
    found = {}
    for name, sums in user_sums(visits, numbered([v.user for v in visits])).items():
        value, interval = ratio_interval(sums)
        difference, difference_interval = ratio_interval(sums, against=1.0)
        found[name] = Estimate(value, interval, difference, difference_interval)
    return found


def numbered(names: Sequence[str]) -> Ints:
    """Numbers the names from 0 by first appearance."""
    places: dict[str, int] = {}
    return np.array([places.setdefault(name, len(places)) for name in names])


def user_sums(visits: Sequence[LoggedVisit], users: Ints) -> dict[str, Floats]:
    """Sums each estimate's numerator, denominator, rewards and visits per user: (U, 4)."""
    weights = np.array([v.weight for v in visits])
    rewards = np.array([v.reward for v in visits])
    ones = np.ones(len(visits))
    expected = predicted_rewards(visits, users)
    modelled = np.array([v.target @ q for v, q in zip(visits, expected, strict=True)])
    residual = rewards - [q[v.chosen] for v, q in zip(visits, expected, strict=True)]
    per_visit = {
        "ips": (weights * rewards, ones, rewards, ones),
        "snips": (weights * rewards, weights, rewards, ones),
        "dr": (modelled + weights * residual, ones, rewards, ones),
    }
    return {
        name: np.stack([np.bincount(users, column) for column in columns], axis=1)
        for name, columns in per_visit.items()
    }


def ratio_interval(sums: Floats, against: float = 0.0) -> tuple[float, tuple[float, float]]:
    """Returns a difference of ratios of sums and its jackknife interval.

    sums: (U, 4), a row per user. The value is Σ column 0 / Σ column 1 less `against` times
    Σ column 2 / Σ column 3.
    """
    users = len(sums)
    value = float(_ratio(sums.sum(axis=0), against))
    without = _ratio(sums.sum(axis=0) - sums, against)
    parts = (without - without.mean()) ** 2
    total = float(parts.sum())
    error = float(np.sqrt((users - 1) / users * total))
    if error == 0.0:
        return value, (value, value)
    # Degrees of freedom: infinite where users contribute equally, few where one user dominates.
    unevenness = float((parts**2).sum()) / total**2 - 1 / users
    freedom = 2 / unevenness if unevenness > 0 else np.inf
    reach = float(stats.t.isf(LEVEL / 2, freedom)) * error
    return value, (value - reach, value + reach)


def _ratio(totals: Floats, against: float) -> Floats:
    ratio: Floats = totals[..., 0] / totals[..., 1] - against * totals[..., 2] / totals[..., 3]
    return ratio
