"""Effects, errors, intervals and verdicts of audits, trials and power studies.

*Effect.* A slice's ratio of sums minus the same ratio over the rest of its surface. It has a sign,
so that it averages out where there is no disparity; max − min over groups never does.
*Error of an effect.* People are resampled, never visits, within each slice (stratified): the visits
of one person resemble each other, and slices keep their sizes. Audits linearise the same error from
sums (`ml.audit.sums`).
*Interval.* Effect ± t · error, with as many degrees of freedom as the smaller side has effective
people (Kish: (Σw)² / Σw² of the denominators), so that few heavy users do not count as many.
*Verdict.* `within`: the interval of this slice lies inside ± tolerance. Calling all slices within
needs no correction: each has to pass by itself. `exceeds`: the *shared* interval lies outside
± tolerance. It is wider, because the error is shared over all gated rows and over all looks, past
and to come; this holds whatever the dependence between rows and looks. Otherwise, and always below
100 users, `inconclusive`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Verdict = Literal["within", "exceeds", "inconclusive"]

ERROR = 0.05
"""Probability of any false `exceeds` over all rows and looks, and of a slice's false `within`."""
PLANNED_LOOKS = 12
"""Number of looks that spend half of ERROR; all later looks together spend the other half."""
MIN_USERS = 100
"""Smallest number of people for a conclusive verdict on a slice."""
LEAST_SHOWN = 10
"""Smallest number of people whose figures are shown: fewer would reveal single persons."""
CHUNK, MANY_SLICES = 250, 100
"""Bootstrap draws per batch, to bound memory: fewer where there are many slices."""


@dataclass(frozen=True)
class SideRatios:
    """Ratios inside or outside each slice, (slices, metrics); NaN where nothing was counted."""

    ratio: Floats
    error: Floats
    freedom: Floats


@dataclass(frozen=True)
class Effects:
    """Effects per slice and metric, (slices, metrics); NaN where a side has nothing counted."""

    estimate: Floats
    error: Floats
    freedom: Floats
    inside: SideRatios
    outside: SideRatios


def look_error(look: int) -> float:
    """Returns the part of ERROR that look k = 1, 2, … may spend; all parts sum to ERROR.

    It is α·K / ((k + K − 1)(k + K)) with K = PLANNED_LOOKS: looks 1..K together spend α/2.
    """
    if look < 1:
        raise ValueError(f"looks are counted from 1, not {look}")
    planned = PLANNED_LOOKS
    return ERROR * planned / ((look + planned - 1) * (look + planned))


def bootstrap_effects(
    numerators: Floats,
    denominators: Floats,
    cells: npt.NDArray[np.int64],
    draws: int,
    seed: int,
    slices: int = 0,
) -> Effects:
    """Estimates the effects of all slices of a grouping by a stratified bootstrap over people.

    numerators, denominators: (users, metrics). cells: slice of each user. slices: their number, if
    some may be empty.
    """
    slices = slices or int(cells.max()) + 1
    columns = np.concatenate([numerators, denominators], axis=1)
    sums = np.stack([columns[cells == c].sum(axis=0) for c in range(slices)])
    rng = np.random.default_rng(seed)
    inside, outside = _ratios(sums)
    at_once = max(min(CHUNK, CHUNK * MANY_SLICES // slices), 2)
    spread = _Spread()
    for start in range(0, draws, at_once):
        count = min(at_once, draws - start)
        drawn = [resampled(columns[cells == c], count, rng) for c in range(slices)]
        insides, outsides = _ratios(np.stack(drawn, axis=1))
        spread.add(np.stack([insides - outsides, insides, outsides], axis=1))
    errors = spread.deviation()
    free = freedom(*(_by_cell(power, cells, slices) for power in (denominators, denominators**2)))
    return Effects(
        inside - outside,
        errors[0],
        np.fmin(*free),
        SideRatios(inside, errors[1], free[0]),
        SideRatios(outside, errors[2], free[1]),
    )


class _Spread:
    """The standard deviation of draws that come in batches (Chan, Golub and LeVeque, 1979)."""

    def __init__(self) -> None:
        self.count, self.mean, self.squares = 0, np.zeros(()), np.zeros(())

    def add(self, drawn: Floats) -> None:
        """Adds a batch, (draws, …)."""
        with np.errstate(invalid="ignore"):
            mean, count = drawn.mean(axis=0), len(drawn)
            total, apart = self.count + count, mean - self.mean
            self.squares = (
                self.squares
                + np.square(drawn - mean).sum(axis=0)
                + np.square(apart) * (self.count * count / total)
            )
            self.mean = self.mean + apart * (count / total)
        self.count = total

    def deviation(self) -> Floats:
        return np.asarray(np.sqrt(self.squares / max(self.count - 1, 1)))


def resampled(columns: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Returns sums over people drawn with replacement, (draws, columns)."""
    people = len(columns)
    if not people:
        return np.zeros((draws, columns.shape[1]))
    picked = rng.integers(people, size=(draws, people))
    picked += np.arange(draws)[:, None] * people
    weights = np.bincount(picked.ravel(), minlength=draws * people).reshape(draws, people)
    drawn: Floats = weights.astype(np.float64) @ columns
    return drawn


def _ratios(sums: Floats) -> tuple[Floats, Floats]:
    """Returns the ratio in each slice and in the rest. sums: (…, slices, 2·metrics)."""
    rest = sums.sum(axis=-2, keepdims=True) - sums
    metrics = sums.shape[-1] // 2
    with np.errstate(invalid="ignore", divide="ignore"):
        inside: Floats = sums[..., :metrics] / sums[..., metrics:]
        # An empty rest leaves a rounding residue instead of 0; it has no ratio.
        counted = rest[..., metrics:] > 1e-9 * sums[..., metrics:].sum(axis=-2, keepdims=True)
        outside: Floats = np.where(counted, rest[..., :metrics] / rest[..., metrics:], np.nan)
    return inside, outside


def _by_cell(values: Floats, cells: npt.NDArray[np.int64], slices: int) -> Floats:
    return np.stack([values[cells == c].sum(axis=0) for c in range(slices)])


def freedom(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Returns effective people minus one of slice and rest, (slices, metrics) each.

    first, second: sums of the denominators and of their squares, by slice.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = first**2 / second
        outside = (first.sum(axis=0) - first) ** 2 / (second.sum(axis=0) - second)
    free = [np.nan_to_num(side - 1.0, nan=0.0, posinf=0.0) for side in (inside, outside)]
    return free[0], free[1]


def interval(
    estimate: float, error: float, freedom: float, level: float
) -> tuple[float, float] | None:
    """Returns the two-sided t interval of error probability `level`; None if undefined."""
    if not np.isfinite([estimate, error]).all() or freedom <= 0:
        return None
    reach = -float(special.stdtrit(freedom, level / 2)) * error  # as stats.t.isf, 100 times faster
    return estimate - reach, estimate + reach


def slice_verdict(
    own: tuple[float, float] | None,
    shared: tuple[float, float] | None,
    tolerance: float,
    users: int,
    rest: int,
) -> Verdict:
    """Returns the verdict of one gated row. own, shared: its intervals; rest: people outside."""
    if own is None or shared is None or users < MIN_USERS:
        return "inconclusive"
    if -tolerance <= own[0] and own[1] <= tolerance:
        return "within"
    # With few people in the rest, the row is a small slice seen from the other side.
    if rest >= MIN_USERS and (shared[0] > tolerance or shared[1] < -tolerance):
        return "exceeds"
    return "inconclusive"


def overall_verdict(rows: list[tuple[Verdict, int]]) -> Verdict:
    """Combines the verdicts of all gated rows, given as (verdict, users).

    `exceeds` if any row exceeds; `within` if every row of at least MIN_USERS people is within;
    otherwise `inconclusive`.
    """
    if any(verdict == "exceeds" for verdict, _ in rows):
        return "exceeds"
    large = [verdict for verdict, users in rows if users >= MIN_USERS]
    return "within" if large and all(v == "within" for v in large) else "inconclusive"
