"""The energy of a layout, in modelled seconds of the user's time. No other module models time.

It follows the menu performance model of Cockburn, Gutwin and Greenberg (CHI 2007): a novice
searches down the page, an expert goes to a known place, and both point. See `coefficients`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from uiengine.cost.coefficients import VALUES

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def choice_probability(demand: Floats) -> Floats:
    """q: demand normalised over the last axis, with a floor that keeps its surprisal finite."""
    total = np.maximum(np.add.reduce(demand, axis=-1, keepdims=True), 1e-12)
    choice: Floats = demand / total
    return np.maximum(choice, VALUES["least_choice"], out=choice)


def expertise(familiarity: Floats) -> Floats:
    """e = 1 − 1/(u + 1), with u the uses since the block last moved."""
    share: Floats = familiarity / (familiarity + 1.0)
    return share


def selection_seconds(
    ranks: Ints | Floats, expert: Floats, choice: Floats, pointing: Floats
) -> Floats:
    """T = (1 − e)·T_search + e·min(T_decide, T_search) + T_point; arrays broadcast."""
    search = VALUES["search_base"] + VALUES["search_per_rank"] * (ranks + 1)
    decide = VALUES["decide_base"] - VALUES["decide_per_bit"] * np.log2(choice)
    seconds: Floats = search + expert * (np.minimum(decide, search) - search) + pointing
    return seconds


def pointing_seconds(
    left: Floats, top: Floats, width: Floats, height: Floats, viewport_height: float
) -> Floats:
    """T_point, with T_scroll below the fold. All in px; `left, top` is the block's leading corner.

    W is the block's smaller side; A is the distance from the viewport's top left to the centre of
    the W-square at the leading top corner, at most the viewport's height.
    """
    side = np.minimum(width, height)
    half = side / 2
    distance = np.minimum(np.hypot(left + half, top + half), viewport_height)
    seconds = VALUES["point_base"] + VALUES["point_per_bit"] * np.log2(distance / side + 1)
    beyond = top + height - viewport_height
    scroll = VALUES["scroll_base"] + VALUES["scroll_per_px"] * np.maximum(beyond, 0.0)
    total: Floats = np.where(beyond > 0, seconds + scroll, seconds)
    return total


@dataclass(frozen=True)
class Outlook:
    """The expected use of each block over the coming visits, shape (N,).

    demand: share of the uses of the next visit; base: share in later visits, to which demand
    returns; familiarity: u under the last layout, before any move; settled: True if the subject has
    seen a layout, so that moving can disturb; own: how far `base` is the subject's own, 0 to 1.
    """

    demand: Floats
    base: Floats
    familiarity: Floats
    settled: bool = True
    own: float = 0.0

    @cached_property
    def disturbance(self) -> Floats:
        """Seconds charged for a move besides lost familiarity, (N,).

        `surprise` applies to the next visit's use. `least_gain` is no time: it is what a move must
        save to be made.
        """
        lost = VALUES["surprise"] * self.demand + VALUES["least_gain"]
        return lost if self.settled else np.zeros_like(lost)

    @property
    def least_gain(self) -> float:
        """The part of `disturbance` that is no time."""
        return VALUES["least_gain"] if self.settled else 0.0

    @cached_property
    def steps(self) -> Steps:
        """p_i(h) = π_i + (p_i − π_i)·0.9^h, with π the base, and the quantities derived from it."""
        count = int(VALUES["horizon"])
        powers = _powers(count, VALUES["discount"], VALUES["persistence"])
        found = powers @ np.array([self.base, self.demand - self.base])
        decide = np.log2(choice_probability(found[:count]))
        decide *= -VALUES["decide_per_bit"]
        decide += VALUES["decide_base"]
        weight, gained = found[count : 2 * count], found[2 * count : 3 * count]
        return Steps(weight, decide, gained, found[-1])

    def of(self, blocks: Ints) -> Outlook:
        """Selects these blocks, in this order."""
        demand, base = self.demand.take(blocks), self.base.take(blocks)
        return Outlook(demand, base, self.familiarity.take(blocks), self.settled)


class Steps(NamedTuple):
    """Quantities per step h and block, (H, N), and their total per block, (N,).

    weight: ρ^h·p_i(h); decide: T_decide; gained: uses gained by step h; total: sum of `weight` over
    h.
    """

    weight: Floats
    decide: Floats
    gained: Floats
    total: Floats


@lru_cache(maxsize=8)
def _powers(horizon: int, discount: float, persistence: float) -> Floats:
    """Factors of the base and of demand above it, (3H + 1, 2).

    Rows: p_i(h), ρ^h·p_i(h), the uses gained by step h, and the total of ρ^h·p_i(h).
    """
    steps = np.arange(horizon)[:, None]
    demand = np.concatenate([np.ones((horizon, 1)), persistence**steps], axis=1)
    weight = discount**steps * demand
    gained = np.cumsum(demand, axis=0) - demand
    return np.concatenate([demand, weight, gained, weight.sum(axis=0, keepdims=True)])


def horizon_energy(
    ranks: Ints,
    shifts: Ints,
    pointing: Floats,
    outlook: Outlook,
    is_resized: npt.NDArray[np.bool_] | None = None,
) -> Floats:
    """E = Σ_h ρ^h Σ_i p_i(h)·T_i(h) + disturbance of K candidates; lower is better. Shape (K,).

    ranks, shifts, pointing: (K, N), per block its rank, its rank minus that in the last layout, and
    T_point. u_i grows by p_i(h) per step; a move by one rank halves it at the start, a longer one
    resets it, and a new size leaves the share `resize_kept`. A block that moved or has a new size
    disturbs once (`Outlook.disturbance`); one that did both must also gain `least_gain` twice.
    is_resized: (K, N), None if no size changes.
    """
    weight, decide, gained, total = outlook.steps
    search = VALUES["search_base"] + VALUES["search_per_rank"] * (ranks + 1.0)
    kept = np.where(shifts == 0, 1.0, np.where(np.abs(shifts) == 1, 0.5, 0.0))
    is_new = shifts != 0
    if is_resized is not None:
        kept, is_new = np.where(is_resized, VALUES["resize_kept"] * kept, kept), is_new | is_resized
    known = expertise(outlook.familiarity * kept[:, None, :] + gained)
    saved = known * np.minimum(decide - search[:, None, :], 0.0)
    always = (search + pointing) @ total
    disturbed = is_new @ outlook.disturbance
    if is_resized is not None:
        disturbed += outlook.least_gain * (is_resized & (shifts != 0)).sum(axis=1)
    energy: Floats = np.einsum("hn,khn->k", weight, saved) + always + disturbed
    return energy
