"""Best-improvement local search over single swaps and insertions within groups of blocks.

Groups have a fixed order from the top, so each group occupies a section of the ranks, and only
blocks of one group can exchange ranks. With N blocks in G groups, a step compares G matrices of
N/G × N/G changes at once instead of one of N × N.

Orders are arrays of places: for each rank, the place in the last order of the block shown there, so
0, 1, 2, … is the last order itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from uiengine.cost.energy import Floats, Ints

FORBIDDEN = 1e6
"""Seconds that replace infinity in the cost matrix, where real infinities would not cancel."""
LEAST_GAIN = 1e-6
"""Smallest gain of a step in seconds, above rounding errors."""
Table = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Sections:
    """Ranks that exchange blocks, one row per group from the top: (G, n).

    Rows are padded to the longest. is_real: False for the padding, (G, n). is_filler: the padded
    entries of a (G, n, n) table, None if there are none. is_whole: True if one group covers the
    page.
    """

    ranks: Ints
    is_real: Bools
    is_filler: Bools | None
    is_whole: bool


def sections(group_of_rank: Ints, held: Collection[int]) -> Sections:
    """Builds the sections.

    group_of_rank: (N,), the group of the block at each rank. held: ranks whose block is fixed;
    other blocks close up over them, as they do on the page.
    """
    fixed, found = set(held), dict[int, list[int]]()
    for rank, group in enumerate(group_of_rank.tolist()):
        if rank not in fixed:
            found.setdefault(group, []).append(rank)
    longest = max(map(len, found.values()), default=0)
    rows = [row + [0] * (longest - len(row)) for row in found.values()]
    sizes = np.array([len(row) for row in found.values()], dtype=np.int64)
    ranks = np.array(rows, dtype=np.int64).reshape(len(rows), longest)
    is_filler: Bools = np.arange(longest) >= sizes[:, None]
    is_either: Bools = is_filler[:, :, None] | is_filler[:, None, :]
    is_whole = ranks.shape == (1, len(group_of_rank))
    return Sections(ranks, ~is_filler, is_either if is_filler.any() else None, is_whole)


class LocalSearch:
    """Searches for a cheaper order by steps that each improve it.

    costs: (N, N) seconds; entry [p, r] is the cost of showing at rank r the block that was at place
    p of the last order. may_move: how many blocks may leave their place. marked: per mark, which
    places of the last order hold its blocks, (M, N); no step takes one of them past another.
    """

    def __init__(
        self, costs: Floats, may_move: int, sections: Sections, marked: Bools | None = None
    ) -> None:
        self.costs, self.may_move, self.sections = costs, may_move, sections
        self.marked = marked
        self.places = np.arange(len(costs))

    def steps(self, order: Ints, most: int) -> Iterator[Ints]:
        """Yields at most `most` orders, each better than the previous one."""
        if self.may_move < 2 or not self.sections.ranks.size:
            return
        for _ in range(most):
            step = self._best_step(order)
            if step is None:
                return
            order = step
            yield order

    def near(self, order: Ints, most: int) -> Ints:
        """At most `most` orders one step from `order`, the cheapest by the table first, (K, N).

        They keep the sections; whether they keep the move budget is for the caller to check.
        """
        if not self.sections.ranks.size:
            return np.empty((0, len(order)), dtype=np.int64)
        gains = self._gains(order)
        np.copyto(gains, FORBIDDEN, where=_repeated(gains.shape[-1]))
        flat = gains.ravel()
        found = (flat <= np.partition(flat, min(most, flat.size) - 1)[:most].max()).nonzero()[0]
        found = found[flat.take(found) < FORBIDDEN / 2]
        return self._all_stepped(order, found.take(flat.take(found).argsort(kind="stable")[:most]))

    def _best_step(self, order: Ints) -> Ints | None:
        """The order after the best swap or insertion, or None if none improves it."""
        gains, spare = self._gains(order), self.may_move - np.count_nonzero(order != self.places)
        if spare == self.may_move:  # a swap moves two blocks, an insertion all that it passes over
            np.copyto(gains[1], FORBIDDEN, where=_farther(gains.shape[-1], self.may_move))
        step = self._cheapest(order, gains)
        if step is None or np.count_nonzero(step != self.places) <= self.may_move:
            return step
        gains[self._fresh(order) > spare] = FORBIDDEN
        return self._cheapest(order, gains)

    def _gains(self, order: Ints) -> Floats:
        """Change in seconds by every swap and every insertion, (2, G, n, n)."""
        ranks, is_filler = self.sections.ranks, self.sections.is_filler
        if self.sections.is_whole:  # taking whole rows is much faster
            alone = self.costs.take(order, axis=0)[None]
        else:
            alone = self.costs[order[ranks][:, :, None], ranks[:, None, :]]
        if is_filler is not None:
            alone[is_filler] = FORBIDDEN
        gains = step_changes(alone)
        if self.marked is not None:
            np.copyto(gains, FORBIDDEN, where=self._passing(order, self.marked))
        return gains

    def _passing(self, order: Ints, marked: Bools) -> Bools:
        """True for the swaps and insertions that take a marked block past another, (2, G, n, n)."""
        is_one = marked[:, order[self.sections.ranks]] & self.sections.is_real
        found: Bools = np.logical_or.reduce(passing(is_one), axis=1)
        return found

    def _fresh(self, order: Ints) -> Table:
        """Change of the number of displaced blocks by every step, (2, G, n, n)."""
        ranks = self.sections.ranks
        shown = order[None] if self.sections.is_whole else order[ranks]
        is_away = shown[:, :, None] != ranks[:, None, :]
        return step_changes(is_away.astype(np.int16))

    def _cheapest(self, order: Ints, gains: Floats) -> Ints | None:
        best = int(gains.argmin())
        if gains.item(best) >= -LEAST_GAIN:
            return None
        _, groups, size, _ = gains.shape
        rest, j = divmod(best, size)
        rest, i = divmod(rest, size)
        is_insertion, group = divmod(rest, groups)
        return self._stepped(order, group, bool(is_insertion), i, j)

    def _all_stepped(self, order: Ints, steps: Ints) -> Ints:
        """The orders after each of K steps, given as positions in the flat gains, (K, N)."""
        groups, size = self.sections.ranks.shape
        kind, group, i, j = np.unravel_index(steps, (2, groups, size, size))
        at, i, j = np.arange(size), i[:, None], j[:, None]
        is_between = (at >= np.minimum(i, j)) & (at <= np.maximum(i, j))
        source = np.where(is_between & (kind[:, None] == 1), at + np.sign(j - i), at)
        source = np.where(at == j, i, np.where((at == i) & (kind[:, None] == 0), j, source))
        ranks, is_real = self.sections.ranks[group], self.sections.is_real[group]
        changed = np.repeat(order[None], len(steps), axis=0)
        shown = order.take(np.take_along_axis(ranks, source, axis=1))
        changed[is_real.nonzero()[0], ranks[is_real]] = shown[is_real]
        return changed

    def _stepped(self, order: Ints, group: int, is_insertion: bool, i: int, j: int) -> Ints:
        ranks = self.sections.ranks[group]
        changed = order.copy()
        if not is_insertion:
            changed[ranks[i]], changed[ranks[j]] = order[ranks[j]], order[ranks[i]]
        elif i < j:
            changed[ranks[i:j]], changed[ranks[j]] = order[ranks[i + 1 : j + 1]], order[ranks[i]]
        else:
            changed[ranks[j + 1 : i + 1]], changed[ranks[j]] = order[ranks[j:i]], order[ranks[i]]
        return changed


def step_changes(table: Table) -> Table:
    """Change of each sum by every swap and every insertion, (2, G, n, n).

    table: (G, n, n), the cost of the block now at place i at place j; its diagonal, the present
    cost, is subtracted from every row in place. [0, g, i, j]: the blocks at places i and j swap.
    [1, g, i, j]: the block at place i goes to place j, and those between close up.

    Prefix sums of the costs of shifting by one place make it O(n²) instead of O(n³).
    """
    groups, size, _ = table.shape
    flat = table.reshape(groups, size * size)
    table -= flat[:, :: size + 1, None].copy()
    changes = np.empty((2, *table.shape), dtype=table.dtype)
    np.add(table, table.swapaxes(1, 2), out=changes[0])
    shifted = np.zeros((2, groups, size), dtype=table.dtype)
    np.add.accumulate(flat[:, size :: size + 1], axis=1, out=shifted[0, :, 1:])
    np.add.accumulate(flat[:, 1 :: size + 1], axis=1, out=shifted[1, :, 1:])
    between = shifted[:, :, None, :] - shifted[:, :, :, None]
    np.copyto(between[0], between[1].swapaxes(1, 2), where=is_earlier(size))
    np.add(table, between[0], out=changes[1])
    return changes


def passing(is_marked: Bools) -> Bools:
    """True where a swap or an insertion takes a marked block past another, (2, M, G, n, n).

    is_marked: (M, G, n), by place. A block that moves from place i to place j passes those between
    and the one at j, which closes up.
    """
    counts = np.add.accumulate(is_marked, axis=-1, dtype=np.int16)
    # From place i to j, both included, where i ≤ j; the other way round by symmetry.
    within = counts[..., None, :] - (counts - is_marked)[..., :, None]
    np.copyto(within, within.swapaxes(-1, -2).copy(), where=is_earlier(is_marked.shape[-1]))
    moved = is_marked[..., :, None]
    several = within > 1
    found: Bools = np.stack([several & (moved | moved.swapaxes(-1, -2)), several & moved])
    return found


@lru_cache(maxsize=256)
def is_earlier(size: int) -> Bools:
    """True if place j comes before place i, (n, n)."""
    return np.tri(size, k=-1, dtype=np.bool_)


@lru_cache(maxsize=256)
def _repeated(size: int) -> Bools:
    """True for a step that another one equals, (2, 1, n, n): swaps twice, insertions by a place."""
    place = np.arange(size)
    apart = place - place[:, None]
    is_repeated: Bools = np.stack([apart <= 0, np.abs(apart) <= 1])[:, None]
    return is_repeated


@lru_cache(maxsize=256)
def _farther(size: int, distance: int) -> Bools:
    """True if places i and j are at least `distance` apart, (n, n)."""
    place = np.arange(size)
    is_far: Bools = np.abs(place[:, None] - place) >= distance
    return is_far
