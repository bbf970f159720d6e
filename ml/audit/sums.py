"""Sums over people from which a slice's effect and its error follow: adding people adds sums.

*Kept per slice and metric*, with a the person's numerator and b the denominator, both summed over
all visits that a look counts: Σa, Σb, Σa², Σab, Σb², the number of people and of visits.
*Error.* A ratio R = Σa / Σb is linearised (Taylor; Särndal, Swensson and Wretman 1992, 5.5): its
variance is n/(n − 1) · Σ(a − R·b)² / (Σb)², centred and counted within each slice of the grouping,
as the stratified bootstrap of `ml.evaluation.statistics` draws people. That is its reference.
*People are the unit.* A person's visits of several days resemble each other, so squares are made
of the person's whole sum: days are added per person first, and people, who are in one shard each,
are added then. Squares of days by themselves would lose the covariance of a person's days.
*Any order.* Visits' values are rounded to GRID, and everything is added as whole numbers, so that
any split into days and shards, added in any order, gives the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.evaluation.statistics import Effects, Floats, SideRatios, freedom

Ints = npt.NDArray[np.int64]
GRID = 2.0**-20
"""Visits' values are multiples of this, about a millionth of a second, block or pixel."""
FIELDS = ("above", "below", "above_squared", "product", "below_squared", "seen", "visits")
_LIMB = 40
"""Bits of the lower of two whole numbers that hold a sum: 2^40 · high + low."""
BLOCK = 1 << 14
"""People added at once: bounds memory, and the lower numbers' sum."""
MOST = 2.0**62
"""Bound of the higher number."""


def on_grid(values: Floats) -> Floats:
    """Rounds to the grid, so that sums of days are exact."""
    return np.asarray(np.rint(np.asarray(values, dtype=np.float64) / GRID) * GRID)


@dataclass(frozen=True)
class Sums:
    """Sums of the people of each slice.

    people: (slices,). high, low: (slices, metrics, FIELDS); in units of GRID, of squares GRID².
    """

    people: Ints
    high: Ints
    low: Ints

    def __add__(self, other: Sums) -> Sums:
        """Of both groups of people, who must have nobody in common."""
        return _carried(self.people + other.people, self.high + other.high, self.low + other.low)

    def by(self, slices: Ints, count: int) -> Sums:
        """Adds up into coarser slices. slices: the one of each; count: how many there are."""
        return _carried(*(_added(part, slices, count) for part in (self.people, *self._parts)))

    def only(self, slices: Ints) -> Sums:
        """Keeps these slices, in this order."""
        return Sums(self.people[slices], self.high[slices], self.low[slices])

    def field(self, name: str) -> Floats:
        """A sum as numbers, (slices, metrics)."""
        place = FIELDS.index(name)
        high, low = (part[..., place].astype(np.float64) for part in self._parts)
        unit = {"seen": 1.0, "visits": 1.0}.get(name, GRID**2 if place > 1 else GRID)
        return np.asarray((high * 2.0**_LIMB + low) * unit)

    @property
    def _parts(self) -> tuple[Ints, Ints]:
        return self.high, self.low


def sums_of(
    numerators: Floats, denominators: Floats, visits: Floats, cells: Ints, slices: int
) -> Sums:
    """Adds up people. numerators, denominators, visits: (people, metrics). cells: their slices."""
    metrics = numerators.shape[1]
    shape = (slices, metrics, len(FIELDS))
    sums = Sums(np.zeros(slices, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64))
    for start in range(0, len(cells), BLOCK):
        some = slice(start, start + BLOCK)
        columns = _columns(numerators[some], denominators[some], visits[some])
        high = np.floor(columns * 2.0**-_LIMB)
        low = columns - high * 2.0**_LIMB
        here = cells[some]
        parts = (np.ones(len(here), np.int64), high.astype(np.int64), low.astype(np.int64))
        sums += Sums(*(_added(part, here, slices) for part in parts))
    return sums


def _columns(numerators: Floats, denominators: Floats, visits: Floats) -> Floats:
    """Each person's part of each sum, whole numbers: (people, metrics, FIELDS)."""
    a, b = np.rint(numerators / GRID), np.rint(denominators / GRID)
    return np.stack([a, b, a * a, a * b, b * b, visits > 0, visits], axis=-1)


def _added(values: Ints, slices: Ints, count: int) -> Ints:
    """Sums the rows of each slice."""
    found = np.zeros((count, *values.shape[1:]), dtype=np.int64)
    if len(slices):
        order = np.argsort(slices, kind="stable")
        placed = slices[order]
        starts = np.flatnonzero(np.diff(placed, prepend=-1))
        found[placed[starts]] = np.add.reduceat(values[order], starts, axis=0)
    return found


def _carried(people: Ints, high: Ints, low: Ints) -> Sums:
    """Moves what is above the lower number's bits to the higher one."""
    return Sums(people, high + (low >> _LIMB), low & ((1 << _LIMB) - 1))


def linear_effects(sums: Sums) -> Effects:
    """Estimates the effects of all slices of a grouping, each against the rest of them.

    NaN where a side has nothing counted, as of `statistics.bootstrap_effects`.
    """
    people = np.maximum(sums.people, 1).astype(np.float64)[:, None]
    fewer = np.maximum(people - 1, 1)
    a, b, b2 = sums.field("above"), sums.field("below"), sums.field("below_squared")
    spread = np.stack(
        [
            sums.field("above_squared") - a * a / people,
            sums.field("product") - a * b / people,
            b2 - b * b / people,
        ]
    ) * (people / fewer)
    total = spread.sum(axis=1, keepdims=True)
    inside = _side(a, b, spread)
    outside = _side(a.sum(axis=0) - a, b.sum(axis=0) - b, total - spread)
    free = freedom(b, b2)
    return Effects(
        inside[0] - outside[0],
        np.hypot(inside[1], outside[1]),
        np.fmin(*free),
        SideRatios(*inside, free[0]),
        SideRatios(*outside, free[1]),
    )


def _side(above: Floats, below: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Ratio and standard error. spread: sums of squares within slices, of a², ab and b²."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(below != 0, above / below, np.nan)
        squares = spread[0] - 2 * ratio * spread[1] + ratio**2 * spread[2]
        error = np.sqrt(np.maximum(squares, 0.0)) / np.abs(below)
    return ratio, error
