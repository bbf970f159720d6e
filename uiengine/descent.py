"""Best-improvement descent over single swaps and insertions within groups (`groups.Sections`)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache

import numpy as np

from .energy import Floats, Ints
from .groups import Bools, Sections

FORBIDDEN = 1e6
"""Seconds. Stands for infinity in the cost table, where real infinities would not cancel."""
LEAST_GAIN = 1e-6
"""Seconds. A step must gain more than rounding errors do."""


class Descent:
    """Steps down a cost table, (N, N): what block i at rank r adds to the sum.

    last: (N,) block indices, the order from which at most `may_move` blocks may differ in rank.
    Tables are written into the same memory step after step: taking new memory for each costs more
    than filling it.
    """

    def __init__(self, costs: Floats, last: Ints, may_move: int, sections: Sections) -> None:
        self.costs, self.last, self.may_move = costs, last, may_move
        self.ranks, self.is_real = sections.ranks, sections.is_real

    def steps(self, order: Ints, most: int) -> Iterator[Ints]:
        """At most `most` orders, each better than the one before, until none is."""
        for _ in range(most):
            step = self._best_step(order)
            if step is None:
                return
            order = step
            yield order

    def _best_step(self, order: Ints) -> Ints | None:
        """The order after the swap or insertion that saves most, or None when none pays."""
        if not self.ranks.size:
            return None
        gains = self._gains(order)
        best = int(gains.argmin())
        if gains.flat[best] >= -LEAST_GAIN:
            return None
        kind, group, i, j = (int(place) for place in np.unravel_index(best, gains.shape))
        return self._stepped(order, self.ranks[group][self.is_real[group]], kind == 1, i, j)

    def _gains(self, order: Ints) -> Floats:
        """Seconds of every swap and every insertion, (2, G, n, n); FORBIDDEN past the budget."""
        blocks, ranks = order[self.ranks], self.ranks
        tables, gains, scratch = self._memory
        if ranks.shape == (1, len(order)):  # one group: whole rows, which is much faster
            np.take(self.costs, order, axis=0, out=tables[0, 0])
        else:
            tables[0] = self.costs[blocks[:, :, None], ranks[:, None, :]]
        if self._is_filled:
            np.copyto(tables[0], FORBIDDEN, where=self._is_filler)
        if len(tables) > 1:
            np.not_equal(blocks[:, :, None], self.last[ranks][:, None, :], out=tables[1])
        swap_gains(tables, gains[:, 0])
        insertion_gains(tables, gains[:, 1], scratch)
        if len(tables) > 1:
            spare = self.may_move - np.count_nonzero(order != self.last)
            np.copyto(gains[0], FORBIDDEN, where=gains[1] > spare)
        seconds: Floats = gains[0]
        return seconds

    @cached_property
    def _memory(self) -> tuple[Floats, Floats, Floats]:
        """Tables as of now, (1 or 2, G, n, n): what a block adds to the seconds, and to the number
        of moved blocks where that is limited; the gains of swaps and insertions in each; scratch.
        """
        tables = 2 if self.may_move < len(self.last) else 1
        shape = (*self.ranks.shape, self.ranks.shape[1])
        return np.empty((tables, *shape)), np.empty((tables, 2, *shape)), np.empty((tables, *shape))

    @cached_property
    def _is_filled(self) -> bool:
        return not bool(self.is_real.all())

    @cached_property
    def _is_filler(self) -> Bools:
        """Entries of a table that stand for no block or no rank."""
        is_both: Bools = self.is_real[:, :, None] & self.is_real[:, None, :]
        return ~is_both

    @staticmethod
    def _stepped(order: Ints, ranks: Ints, is_insertion: bool, i: int, j: int) -> Ints:
        changed = order.copy()
        changed[ranks] = (inserted if is_insertion else swapped)(order[ranks], i, j)
        return changed


def inserted(order: Ints, i: int, j: int) -> Ints:
    """The block at place i goes to place j, those between close up."""
    blocks = order.tolist()
    blocks.insert(j, blocks.pop(i))
    return np.array(blocks)


def swapped(order: Ints, i: int, j: int) -> Ints:
    changed = order.copy()
    changed[[i, j]] = order[[j, i]]
    return changed


def swap_gains(tables: Floats, out: Floats | None = None) -> Floats:
    """Change of each sum when the blocks at places i and j trade places.

    tables: (…, n, n), what the block now at place i adds at place j; its diagonal is now. out: the
    memory to write to.
    """
    now = np.diagonal(tables, axis1=-2, axis2=-1)
    changes: Floats = np.add(tables, tables.swapaxes(-1, -2), out=out)
    changes -= now[..., :, None]
    changes -= now[..., None, :]
    return changes


def insertion_gains(
    tables: Floats, out: Floats | None = None, scratch: Floats | None = None
) -> Floats:
    """Change of each sum when the block at place i goes to place j and those between close up.

    scratch: memory of the tables' shape to work in.
    """
    now = np.diagonal(tables, axis1=-2, axis2=-1)
    up = np.diagonal(tables, -1, axis1=-2, axis2=-1) - now[..., 1:]
    down = np.diagonal(tables, 1, axis1=-2, axis2=-1) - now[..., :-1]
    ups, downs = np.zeros_like(now), np.zeros_like(now)
    np.cumsum(up, axis=-1, out=ups[..., 1:])
    np.cumsum(down, axis=-1, out=downs[..., 1:])
    changes: Floats = np.subtract(downs[..., :, None], downs[..., None, :], out=out)
    later, earlier = _sides(now.shape[-1])
    changes *= earlier
    raised = np.subtract(ups[..., None, :], ups[..., :, None], out=scratch)
    raised *= later
    changes += raised
    changes += tables
    changes -= now[..., :, None]
    return changes


@lru_cache(maxsize=64)
def _sides(count: int) -> tuple[Floats, Floats]:
    """1 where place j comes after place i, and 1 where it comes before: (n, n) each."""
    later = np.triu(np.ones((count, count)), 1)
    return later, later.T.copy()
