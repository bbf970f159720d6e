"""The audit's statistics: small, documented, and checked against brute force.

*Effect.* A slice's ratio of sums minus the same ratio over the rest of its surface. It has a sign,
so that it averages out where there is no disparity; max − min over groups never does.
*Error of an effect.* People are resampled, never visits, within each slice (stratified): the visits
of one person resemble each other, and slices keep their sizes.
*Interval.* Effect ± t · error, with as many degrees of freedom as the smaller side has effective
people (Kish: (Σw)² / Σw² of the denominators), so that a few heavy users are not taken for many.
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
from scipy import stats

Floats = npt.NDArray[np.float64]
Verdict = Literal["within", "exceeds", "inconclusive"]

ERROR = 0.05
"""Chance of any false `exceeds`, over all rows and all looks; and of one slice's false `within`."""
PLANNED_LOOKS = 12
"""Looks over which half of ERROR is spent; all later ones, without end, share the other half."""
MIN_USERS = 100
"""People below which a slice is always inconclusive."""
LEAST_SHOWN = 10
"""People below which no figure of a slice is given: it would tell of single persons."""
CHUNK = 250
"""Bootstrap draws made at once, to bound memory."""


@dataclass(frozen=True)
class Side:
    """The ratios of the slices, or of what is outside each, (slices, metrics). NaN: nothing to
    count."""

    ratio: Floats
    error: Floats
    freedom: Floats


@dataclass(frozen=True)
class Effects:
    """Per slice and metric, (slices, metrics). NaN where a side has nothing to count."""

    estimate: Floats
    error: Floats
    freedom: Floats
    inside: Side
    outside: Side


def look_error(look: int) -> float:
    """The share of ERROR that look 1, 2, … may spend: nearly flat at first, summing to ERROR.

    α·K / ((k + K − 1)(k + K)) with K = PLANNED_LOOKS: looks 1..K spend α/2 together.
    """
    if look < 1:
        raise ValueError(f"looks are counted from 1, not {look}")
    planned = PLANNED_LOOKS
    return ERROR * planned / ((look + planned - 1) * (look + planned))


def bootstrap_effects(
    numerators: Floats, denominators: Floats, cells: npt.NDArray[np.int64], draws: int, seed: int
) -> Effects:
    """Effects of all slices of a grouping. numerators, denominators: (users, metrics)."""
    slices = int(cells.max()) + 1
    columns = np.concatenate([numerators, denominators], axis=1)
    sums = np.stack([columns[cells == c].sum(axis=0) for c in range(slices)])
    rng = np.random.default_rng(seed)
    inside, outside = _ratios(sums)
    around = []
    for start in range(0, draws, CHUNK):
        drawn = [
            _resampled(columns[cells == c], min(CHUNK, draws - start), rng) for c in range(slices)
        ]
        around.append(_ratios(np.stack(drawn, axis=1)))
    insides, outsides = (np.concatenate(side) for side in zip(*around, strict=True))
    with np.errstate(invalid="ignore"):
        errors = [drawn.std(axis=0, ddof=1) for drawn in (insides - outsides, insides, outsides)]
    free = _freedom(denominators, cells, slices)
    return Effects(
        inside - outside,
        errors[0],
        np.fmin(*free),
        Side(inside, errors[1], free[0]),
        Side(outside, errors[2], free[1]),
    )


def _resampled(columns: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Sums over people drawn with replacement, (draws, columns)."""
    people = len(columns)
    picked = rng.integers(people, size=(draws, people))
    picked += np.arange(draws)[:, None] * people
    weights = np.bincount(picked.ravel(), minlength=draws * people).reshape(draws, people)
    drawn: Floats = weights.astype(np.float64) @ columns
    return drawn


def _ratios(sums: Floats) -> tuple[Floats, Floats]:
    """The ratio in each slice, and in the rest; sums: (…, slices, 2·metrics)."""
    rest = sums.sum(axis=-2, keepdims=True) - sums
    metrics = sums.shape[-1] // 2
    with np.errstate(invalid="ignore", divide="ignore"):
        inside: Floats = sums[..., :metrics] / sums[..., metrics:]
        # A rest of nobody leaves rounding residue instead of 0; it has no ratio.
        counted = rest[..., metrics:] > 1e-9 * sums[..., metrics:].sum(axis=-2, keepdims=True)
        outside: Floats = np.where(counted, rest[..., :metrics] / rest[..., metrics:], np.nan)
    return inside, outside


def _freedom(
    denominators: Floats, cells: npt.NDArray[np.int64], slices: int
) -> tuple[Floats, Floats]:
    """Effective people of the slice and of the rest, less one, (slices, metrics) each."""
    first = np.stack([denominators[cells == c].sum(axis=0) for c in range(slices)])
    second = np.stack([(denominators[cells == c] ** 2).sum(axis=0) for c in range(slices)])
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = first**2 / second
        outside = (first.sum(axis=0) - first) ** 2 / (second.sum(axis=0) - second)
    free = [np.nan_to_num(side - 1.0, nan=0.0, posinf=0.0) for side in (inside, outside)]
    return free[0], free[1]


def interval(
    estimate: float, error: float, freedom: float, level: float
) -> tuple[float, float] | None:
    """Two-sided, missing the truth with probability `level`. None where nothing can be said."""
    if not np.isfinite([estimate, error]).all() or freedom <= 0:
        return None
    reach = float(stats.t.isf(level / 2, freedom)) * error
    return estimate - reach, estimate + reach


def slice_verdict(
    own: tuple[float, float] | None,
    shared: tuple[float, float] | None,
    tolerance: float,
    users: int,
    rest: int,
) -> Verdict:
    """The verdict of one gated row. own, shared: its intervals; rest: people outside."""
    if own is None or shared is None or users < MIN_USERS:
        return "inconclusive"
    if -tolerance <= own[0] and own[1] <= tolerance:
        return "within"
    # A rest of few people is a small slice seen from the other side: it accuses nobody.
    if rest >= MIN_USERS and (shared[0] > tolerance or shared[1] < -tolerance):
        return "exceeds"
    return "inconclusive"


def overall_verdict(rows: list[tuple[Verdict, int]]) -> Verdict:
    """Of all gated rows as (verdict, users): DESIGN section 9."""
    if any(verdict == "exceeds" for verdict, _ in rows):
        return "exceeds"
    large = [verdict for verdict, users in rows if users >= MIN_USERS]
    return "within" if large and all(v == "within" for v in large) else "inconclusive"
