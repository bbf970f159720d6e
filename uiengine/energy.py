"""The energy of a layout, in modelled seconds of the user's time. The only place for seconds.

The shape is the menu performance model of Cockburn, Gutwin and Greenberg (CHI 2007): a novice
searches down the page, an expert goes to a known place, and both point. See `coefficients`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .coefficients import VALUES
from .layout import Placement
from .surface import Breakpoint, Surface

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def choice_probability(demand: Floats) -> Floats:
    """q: demand normalised over the last axis, floored so that its surprise is finite."""
    total = np.maximum(demand.sum(axis=-1, keepdims=True), 1e-12)
    choice: Floats = np.maximum(demand / total, VALUES["least_choice"])
    return choice


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
    """T_point, with T_scroll below the fold. All in px; `left, top` of the block's leading corner.

    W is the block's smaller side; A reaches from the viewport's top left to the centre of the
    W-square at the leading top corner, at most the viewport's height.
    """
    side = np.minimum(width, height)
    distance = np.minimum(np.hypot(left + side / 2, top + side / 2), viewport_height)
    seconds = VALUES["point_base"] + VALUES["point_per_bit"] * np.log2(distance / side + 1)
    beyond = top + height - viewport_height
    scroll = VALUES["scroll_base"] + VALUES["scroll_per_px"] * np.maximum(beyond, 0.0)
    total: Floats = np.where(beyond > 0, seconds + scroll, seconds)
    return total


def placed_pointing(surface: Surface, at: Breakpoint, placed: Sequence[Placement]) -> Floats:
    """T_point of each placement, in the order given."""
    column = at.width / at.columns
    boxes = np.array([(p.x, p.y, p.w, p.h) for p in placed], dtype=np.float64)
    scale = np.array([column, surface.row_height, column, surface.row_height])
    left, top, width, height = (boxes * scale).T
    return pointing_seconds(left, top, width, height, float(at.viewport_height))


@dataclass(frozen=True)
class Outlook:
    """What the coming visits are expected to hold, per block (shape (N,)).

    demand: share of the uses of the next visit; base: the share of the visits after, to which
    demand returns; familiarity: u under the last layout, before any move. settled: whether there
    is a layout that the subject has seen, so that moving can disturb.
    """

    demand: Floats
    base: Floats
    familiarity: Floats
    settled: bool = True

    @property
    def disturbance(self) -> Floats:
        """Seconds that moving costs besides what is unlearnt, (N,): `surprise` at the next visit's
        use, and `reorient` whether the block is used or not."""
        lost = VALUES["surprise"] * self.demand + VALUES["reorient"]
        return lost if self.settled else np.zeros_like(lost)

    @cached_property
    def steps(self) -> tuple[Floats, Floats, Floats]:
        """Per step h and block, (H, N): ρ^h·p_i(h), T_decide, and the uses gained by then.

        p_i(h) = π_i + (p_i − π_i)·0.9^h, with π the base.
        """
        steps = np.arange(int(VALUES["horizon"]))[:, None]
        away = VALUES["persistence"] ** steps
        demand = self.base + (self.demand - self.base) * away
        gained = np.cumsum(demand, axis=0) - demand
        surprisal = -np.log2(choice_probability(demand))
        decide = VALUES["decide_base"] + VALUES["decide_per_bit"] * surprisal
        return VALUES["discount"] ** steps * demand, decide, gained


def horizon_energy(ranks: Ints, shifts: Ints, pointing: Floats, outlook: Outlook) -> Floats:
    """E = Σ_h ρ^h Σ_i p_i(h)·T_i(h) + disturbance of K candidates; lower is better. Shape (K,).

    ranks, shifts, pointing: (K, N), per block its rank, its rank minus that of the last layout, and
    T_point. u_i grows by p_i(h) a step, halved at the start by a move of one rank and lost by a
    longer one. A moved block disturbs once (`Outlook.disturbance`).
    """
    weight, decide, gained = outlook.steps
    search = VALUES["search_base"] + VALUES["search_per_rank"] * (ranks + 1.0)
    kept = np.where(shifts == 0, 1.0, np.where(np.abs(shifts) == 1, 0.5, 0.0))
    known = expertise(outlook.familiarity * kept[:, None, :] + gained)
    saved = known * np.minimum(decide - search[:, None, :], 0.0)
    always = (search + pointing) @ weight.sum(axis=0)
    disturbed = (shifts != 0) @ outlook.disturbance
    energy: Floats = np.einsum("hn,khn->k", weight, saved) + always + disturbed
    return energy


def rank_costs(last_ranks: Ints, pointing: Floats, outlook: Outlook) -> Floats:
    """Horizon seconds of block i at rank r, (N, N): `horizon_energy` of an order is a sum of these.

    pointing: (N, N), T_point of block i at rank r.
    """
    weight, decide, gained = outlook.steps
    ranks = np.arange(len(last_ranks), dtype=np.float64)
    search = VALUES["search_base"] + VALUES["search_per_rank"] * (ranks + 1.0)
    moved = ranks[None, :] != last_ranks[:, None]
    disturbed = moved * outlook.disturbance[:, None]
    costs: Floats = (search + pointing) * weight.sum(axis=0)[:, None] + disturbed
    costs += _saved_anywhere(weight * expertise(gained), decide, search)
    for shift, kept in ((0, 1.0), (-1, 0.5), (1, 0.5)):
        there = last_ranks + shift
        rows = np.flatnonzero((there >= 0) & (there < len(ranks)))
        learnt = expertise(outlook.familiarity * kept + gained) - expertise(gained)
        gain = np.minimum(decide[:, rows] - search[there[rows]], 0.0)
        costs[rows, there[rows]] += ((weight * learnt)[:, rows] * gain).sum(axis=0)
    return costs


def _saved_anywhere(weight: Floats, decide: Floats, search: Floats) -> Floats:
    """Σ_h weight·min(T_decide − T_search(r), 0), (H, N) and (N,) ranks to (N, N).

    T_search grows with the rank, so each (h, i) counts from its first rank past T_decide on: one
    histogram and one running sum instead of H·N² comparisons.
    """
    count = len(search)
    first = np.searchsorted(search, decide) + np.arange(count) * (count + 1)
    sums = [
        np.bincount(first.ravel(), values.ravel(), minlength=count * (count + 1))
        .reshape(count, count + 1)[:, :-1]
        .cumsum(axis=1)
        for values in (weight * decide, weight)
    ]
    saved: Floats = sums[0] - sums[1] * search
    return saved
