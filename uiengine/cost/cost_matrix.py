"""The horizon energy as a matrix: the cost of each block at each rank.

Given the last layout, a block's horizon seconds depend only on its own rank, if the blocks above it
have about average height. So the energy of any order is a sum of N entries of an (N, N) matrix,
order rules are infinite entries, and searching is cheap. The candidates found this way are then
scored exactly (`energy.horizon_energy`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from math import log2

import numpy as np

from uiengine.cost.coefficients import VALUES
from uiengine.cost.energy import Floats, Ints, Outlook, pointing_seconds
from uiengine.page.reading_order import group_of_rank
from uiengine.page.surface import Surface

LEFT_AROUND = np.array([1.0, 0.5, 0.5])[:, None, None]
"""Share of familiarity kept at the block's rank, one rank below, and one rank above."""
MOST_KEPT = 64
"""Maximum number of cached geometries of a surface, one per choice of size classes."""


class Geometry:
    """Block sizes in px at the widest breakpoint, laid out as if rows filled without gaps."""

    def __init__(self, surface: Surface, cells: Floats) -> None:
        """cells: width in columns and height in rows of each block, (N, 2)."""
        at = surface.widest
        self.viewport = float(at.viewport_height)
        self.width = cells[:, 0] * at.width / at.columns
        self.height = cells[:, 1] * surface.row_height
        self.advance = self.height * cells[:, 0] / at.columns
        self.is_even = bool((self.advance == self.advance[0]).all())
        """True if the height above each rank does not depend on the order."""
        self.passing = VALUES["group_per_rank"] * _places_in_group(surface)
        """T_group: seconds for passing the blocks of the group above each rank, (N,)."""

    def pointing(self, orders: Ints) -> Floats:
        """T_point + T_group per block for K orders of block indices, (K, N) to (K, N)."""
        advance, rows = self.advance.take(orders), np.arange(len(orders))[:, None]
        top = np.empty_like(advance)
        top[rows, orders] = np.add.accumulate(advance, axis=1) - advance
        found = pointing_seconds(np.zeros(()), top, self.width, self.height, self.viewport)
        found[rows, orders] += self.passing
        return found

    @cached_property
    def pointing_by_rank(self) -> Floats:
        """T_point + T_group of block i at rank r, (N, N), with average blocks above it.

        (1, N) if all blocks have one size.
        """
        top = np.arange(len(self.advance)) * self.advance.mean()
        left = np.zeros(())
        is_one_size = np.ptp(self.width) == 0 == np.ptp(self.height)
        shown = slice(1) if is_one_size else slice(None)
        width, height = self.width[shown, None], self.height[shown, None]
        return pointing_seconds(left, top[None, :], width, height, self.viewport) + self.passing


def _places_in_group(surface: Surface) -> Floats:
    """How many blocks of its group stand above each rank, (N,); 0 on a page of one group."""
    groups = group_of_rank(surface)
    if not surface.is_grouped:
        return np.zeros(len(groups))
    return np.array([groups[:rank].count(group) for rank, group in enumerate(groups)], dtype=float)


def geometry(surface: Surface, size_classes: Ints) -> Geometry:
    """The geometry for these size classes, cached with the surface."""
    rows = np.arange(len(size_classes))
    name = _distinct(surface)[rows, size_classes].tobytes()
    return kept_geometry(surface, name, lambda: _cells(surface)[rows, size_classes])


def default_geometry(surface: Surface) -> Geometry:
    """The geometry of the blocks' default sizes."""
    return geometry(surface, np.ones(len(surface.blocks), dtype=np.int64))


def kept_geometry(surface: Surface, name: bytes, cells: Callable[[], Floats]) -> Geometry:
    """The geometry of that name, cached with the surface. cells: makes its (N, 2)."""
    kept = surface.memory.setdefault("geometries", {})
    point = (VALUES["point_base"], VALUES["point_per_bit"])
    scroll = (VALUES["scroll_base"], VALUES["scroll_per_px"])
    key = (name, *point, *scroll, VALUES["group_per_rank"])
    found: Geometry | None = kept.get(key)
    if found is None:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        found = kept[key] = Geometry(surface, cells())
    return found


def _cells(surface: Surface) -> Floats:
    """Width in columns and height in rows per block and size class at the widest, (N, 3, 2)."""
    known = surface.sizes[surface.widest.name]
    cells = [[(s.w, s.h) for s in known[block.id]] for block in surface.blocks]
    return np.array(cells, dtype=np.float64)


def _distinct(surface: Surface) -> Ints:
    """Per block and size class, the first class of equal size at the widest breakpoint, (N, 3)."""
    found = surface.memory.get("distinct")
    if found is None:
        known = surface.sizes[surface.widest.name]
        first = [[known[b.id].index(size) for size in known[b.id]] for b in surface.blocks]
        found = surface.memory["distinct"] = np.array(first, dtype=np.int8)
    classes: Ints = found
    return classes


def cost_matrix(pointing: Floats, outlook: Outlook) -> Floats:
    """Horizon seconds of each block at rank r, (N, N), which `horizon_energy` sums.

    The blocks of `outlook` are in the last order, so the diagonal is the cost of staying. pointing:
    (N, N), T_point + T_group of each block at rank r, or (1, N) if it is equal for all.
    """
    weight, decide, gained, total = outlook.steps
    count = len(total)
    search, around, first = _search_seconds(count)
    disturbance = outlook.disturbance
    novice = 1.0 / (gained + 1.0)
    # Cost as if every block were new at its rank. In time, every block is faster than searching…
    known = weight - weight * novice
    saved, lasting = np.add.reduce(known * decide, axis=0), np.add.reduce(known, axis=0)
    costs: Floats = np.multiply.outer(total - lasting, search)
    costs += total[:, None] * pointing
    costs += (saved + disturbance)[:, None]
    # …except near the top, where searching may be faster than deciding.
    over = decide - first[:, None, None]
    np.maximum(over, 0.0, out=over)
    over *= known
    costs[:, : len(first)] -= np.add.reduce(over, axis=1).T
    _add_learnt(costs, outlook, novice, around)
    costs.reshape(-1)[:: count + 1] -= disturbance
    return costs


def _add_learnt(costs: Floats, outlook: Outlook, novice: Floats, around: Floats) -> None:
    """Subtracts the time saved by remaining familiarity: u_i at the block's rank, half of it
    beside."""
    weight, decide, gained, _ = outlook.steps
    saved = decide - around
    np.minimum(saved, 0.0, out=saved)
    saved *= novice - 1.0 / (outlook.familiarity * LEFT_AROUND + (gained + 1.0))
    saved *= weight
    stays, below, above = np.add.reduce(saved, axis=1)
    flat, count = costs.reshape(-1), len(costs)
    flat[:: count + 1] += stays
    flat[1 :: count + 1] += below[:-1]
    flat[count :: count + 1] += above[1:]


def unlearnt_seconds(places: Ints, ranks: Ints, outlook: Outlook) -> float:
    """Seconds over the horizon lost by moving K blocks from `places` to `ranks`, (K,).

    They are the lost familiarity and the disturbance.
    """
    weight, decide, gained = (of[:, places] for of in outlook.steps[:3])
    search, _, _ = _search_seconds(len(outlook.demand))
    uses, known = outlook.familiarity.take(places), gained + 1.0
    left = uses * (np.abs(ranks - places) == 1) * 0.5
    lost = 1.0 / (left + known) - 1.0 / (uses + known)
    lost *= weight
    lost *= np.maximum(search.take(ranks) - decide, 0.0)
    return float(np.add.reduce(lost, axis=None) + np.add.reduce(outlook.disturbance.take(places)))


def search_around(count: int) -> Floats:
    """T_search per rank, one rank below and one above, (3, 1, count)."""
    return _search_seconds(count)[1]


def _search_seconds(count: int) -> tuple[Floats, Floats, Floats]:
    """T_search per rank, around each rank, and where deciding may take longer.

    Shapes: (count,); (3, 1, count) for the rank, one below and one above; the first ranks only.
    """
    per_rank, least = VALUES["search_per_rank"], VALUES["least_choice"]
    longest = VALUES["decide_base"] - VALUES["decide_per_bit"] * log2(least)
    return _ranks(count, VALUES["search_base"], per_rank, longest)


@lru_cache(maxsize=256)
def _ranks(
    count: int, base: float, per_rank: float, longest: float
) -> tuple[Floats, Floats, Floats]:
    search = base + per_rank * np.arange(1.0, count + 1)
    around = search + np.array([0.0, per_rank, -per_rank])[:, None, None]
    return search, around, search[search < longest]
