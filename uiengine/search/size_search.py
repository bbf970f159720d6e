"""Searches orders and size classes together, from the candidates that the search for orders found.

A step looks at several orders at once. For each, one batch scores every change of one block's size,
and a second one the best changes together: the best one, the best two, and so on. The orders next
to the cheapest page come after that, and the step is repeated while it saves something.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from uiengine.cost.energy import Floats, Ints
from uiengine.cost.sized_page import SizedPage, resizing_seconds
from uiengine.search.assignment import Assignment
from uiengine.search.local_search import LEAST_GAIN, Bools
from uiengine.search.used_first import CHARGE

AT_ONCE = 4_000
"""Boxes that a step scores for changes of one size: 2N changes of N boxes per order."""
STEPS = 4
"""Maximum number of steps after the first."""
BEST = 3
"""Pages of the first step whose sizes are searched once more."""
_OTHERS = np.array([[1, 2], [2, 0], [0, 1]])
"""The two other classes of each."""


class Pages(NamedTuple):
    """M pages, everything by rank. orders: (M, N), see `Assignment`; blocks: of the page's blocks;
    last, classes: before and now; total, lost: what a second of pointing and a new size weigh;
    base: energy without pointing and new sizes, (M,); energies: (M,)."""

    orders: Ints
    blocks: Ints
    last: Ints
    classes: Ints
    total: Floats
    lost: Floats
    base: Floats
    energies: Floats

    def at(self, rows: Ints) -> Pages:
        orders, blocks, last, classes = (of[rows] for of in self[:4])
        total, lost, base, energies = (of[rows] for of in self[4:])
        return Pages(orders, blocks, last, classes, total, lost, base, energies)

    def first(self, count: int) -> Pages:
        """The cheapest ones."""
        if len(self.orders) <= count:
            return self
        return self.at(self.energies.argsort(kind="stable")[:count])


class SizeSearch:
    """The search for one visit.

    last: classes in the last layout, (N,), may_take: the classes that blocks may take, (N, 3), both
    in the order of `surface.blocks`.
    """

    def __init__(
        self, assignment: Assignment, page: SizedPage, last: Ints, may_take: Bools
    ) -> None:
        self.assignment, self.page, self.may_take = assignment, page, may_take
        self.last = last[assignment.blocks]
        lost = resizing_seconds(assignment.outlook)
        # At ranks −1, 0 and 1 from the last one, and farther.
        far = np.full((1, len(last)), assignment.outlook.least_gain)
        self.lost = np.concatenate([lost[[2, 0, 1]], far])
        self.most = max(2, AT_ONCE // (2 * len(last) ** 2))

    def run(self, orders: Ints, steps: int = STEPS) -> tuple[Ints, Ints, float]:
        """The cheapest order, its classes in the order of `surface.blocks`, and its energy.

        steps: 0 for the first step alone, from these orders.
        """
        pages = self.resized(self.pages(self._more(orders) if steps else orders))
        best = self.resized(pages.first(BEST)).first(1) if steps else pages.first(1)
        for _ in range(steps):
            near = self._near(best)
            if near is None:
                break
            found = self.resized(near).first(1)
            if found.energies[0] >= best.energies[0] - LEAST_GAIN:
                break
            best = self.resized(found)
        classes = np.empty_like(self.last)
        classes[best.blocks[0]] = best.classes[0]
        charge = CHARGE * int(self.assignment.misplaced(best.orders)[0])
        return best.orders[0], classes, float(best.energies[0]) - charge

    def _more(self, orders: Ints) -> Ints:
        """The orders, and those next to the last one: what moves leave may be spent on sizes."""
        near = self.assignment.local_search.near(self.assignment.places, self.most)
        if len(near):
            near = near[self.assignment.keeps_rules(near)]
        distinct = {order.tobytes(): order for order in (*orders, *near)}
        return np.array(list(distinct.values()))[: self.most]

    def pages(self, orders: Ints, classes: Ints | None = None) -> Pages:
        """These orders, with the last sizes, or with classes by place in the last order, (N,)."""
        assignment = self.assignment
        blocks, last = assignment.blocks.take(orders), self.last.take(orders)
        total = assignment.outlook.steps.total.take(orders)
        energies = assignment.total(orders)
        base = energies - np.add.reduce(self.page.pointing(blocks, last) * total, axis=1)
        lost = self.lost_at(orders)
        found = Pages(orders, blocks, last, last, total, lost, base, energies)
        if classes is None:
            return found
        now = classes.take(orders)
        return found._replace(classes=now, energies=_energies(self.page, found, now[:, None])[:, 0])

    def _near(self, best: Pages) -> Pages | None:
        """The orders next to a page that keep the rules, each block with the size that it has."""
        order, classes = best.orders[0], np.empty_like(self.last)
        classes[order] = best.classes[0]
        orders = self.assignment.local_search.near(order, self.most)
        if len(orders):
            orders = orders[self.assignment.keeps_rules(orders)]
        is_away = (orders != self.assignment.places) | (classes != self.last).take(orders)
        orders = orders[np.add.reduce(is_away, axis=1) <= self.assignment.may_move]
        return self.pages(orders, classes) if len(orders) else None

    def resized(self, pages: Pages) -> Pages:
        """The pages with the changes of sizes that save most, as far as the move budget allows."""
        rows = np.arange(len(pages.orders))
        new, added = self._singles(pages)
        best_first = added.argsort(axis=1)
        turns = (rows[:, None], best_first)
        may = self._affordable(pages, new, added < -LEAST_GAIN, turns)
        depth = int(np.add.reduce(may, axis=1).max())
        if not depth:
            return pages
        number = np.full(may.shape, depth)  # by rank: how many changes come before its own
        number[turns] = np.where(may, np.add.accumulate(may, axis=1) - 1, depth)
        is_in = number[:, None, :] <= np.arange(depth)[:, None]
        classes = np.where(is_in, new[:, None, :], pages.classes[:, None, :])
        energies = _energies(self.page, pages, classes)
        best = energies.argmin(axis=1)
        least = energies[rows, best]
        is_lower = least < pages.energies
        return pages._replace(
            classes=np.where(is_lower[:, None], classes[rows, best], pages.classes),
            energies=np.where(is_lower, least, pages.energies),
        )

    def _affordable(
        self, pages: Pages, new: Ints, is_better: Bools, turns: tuple[Ints, Ints]
    ) -> Bools:
        """Which changes the move budget allows, each page's best first, (M, N)."""
        has_moved, was = pages.orders != self.assignment.places, pages.classes != pages.last
        spare = self.assignment.may_move - np.add.reduce(has_moved | was, axis=1)
        spends = is_better & ~has_moved & ~was & (new != pages.last)
        ordered = spends[turns]
        within = np.add.accumulate(ordered, axis=1) <= spare[:, None]
        allowed: Bools = is_better[turns] & (within | ~ordered)
        return allowed

    def _singles(self, pages: Pages) -> tuple[Ints, Floats]:
        """Per page and rank, the best other class and the seconds that it adds, (M, N) both."""
        many, count = pages.orders.shape
        others = _OTHERS.take(pages.classes, axis=0).swapaxes(1, 2)
        classes = np.repeat(pages.classes[:, None], 2 * count, axis=1)
        classes.reshape(many, 2, -1)[:, :, :: count + 1] = others
        energies = _energies(self.page, pages, classes).reshape(many, 2, count)
        energies -= pages.energies[:, None, None]
        energies[~self.may_take[pages.blocks[:, None], others]] = np.inf
        is_second = energies[:, 1] < energies[:, 0]
        return np.where(is_second, others[:, 1], others[:, 0]), energies.min(axis=1)

    def lost_at(self, orders: Ints) -> Floats:
        """Seconds lost by resizing the block at each rank of these orders, in the shape of them."""
        shifts = self.assignment.places - orders
        found: Floats = self.lost[np.where(np.abs(shifts) > 1, 3, shifts + 1), orders]
        return found


def _energies(page: SizedPage, pages: Pages, classes: Ints) -> Floats:
    """The energy of M pages with K choices of classes each, (M, K, N) to (M, K)."""
    pointing = page.pointing(pages.blocks[:, None], classes)
    pointing *= pages.total[:, None]
    pointing += (classes != pages.last[:, None]) * pages.lost[:, None]
    energies: Floats = np.add.reduce(pointing, axis=2)
    energies += pages.base[:, None]
    return energies
