"""Chooses the orders of a book: those with which the expected energy over people is least.

What a group of blocks costs does not depend on the order in the others, so the book is a product:
a few arrangements of each group, and an order for every combination.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from uiengine.book.states import States
from uiengine.cost.cost_matrix import cost_matrix, geometry
from uiengine.cost.energy import Floats, Ints, Outlook
from uiengine.page.surface import Surface
from uiengine.search.local_search import Bools, Sections

MOST_ARRANGEMENTS = 512
"""Of a group, the most frequent ones, that are looked at."""
MANY = 32
"""Arrangements of a group from which on the last one saves next to nothing."""


@dataclass
class _Group:
    """A group's arrangements.

    ranks: (n,); candidates: (C, n), positions of blocks; is_near: whether one visit's moves lead
    from one candidate to another, (C, C); energies: seconds of each for each state, (S, C);
    served: the candidate that each state was shown, -1 for none of them, (S,); chosen: those in the
    book, the first at the start; at: where each state's people are by now, (S,).
    """

    ranks: Ints
    candidates: Ints
    is_near: Bools
    energies: Floats
    served: Ints
    chosen: list[int]
    at: Ints

    def saved(self) -> Floats:
        """Seconds that each candidate in reach saves the people of each state, (S, C)."""
        here = np.take_along_axis(self.energies, self.at[:, None], axis=1)
        saved: Floats = np.maximum(here - self.energies, 0.0) * self.is_near[self.at]
        return saved

    def next(self, visits: Floats) -> tuple[float, int]:
        """The arrangement that saves the most seconds, and how many."""
        saved = visits @ self.saved()
        saved[self.chosen] = 0.0
        found = int(saved.argmax())
        return float(saved[found]), found

    def add(self, arrangement: int) -> None:
        """Puts an arrangement into the book; those go there whom it saves time."""
        self.at[self.saved()[:, arrangement] > 0.0] = arrangement
        self.chosen.append(arrangement)

    def lead(self, needs: Ints, visits: Floats) -> None:
        """Exchanges the last of MANY where no step from the start leads a block higher.

        What takes its place was served to people who need the block most, so that no rule is in
        their way, and saves them the most seconds. needs: that block of each state, (S,).
        """
        saved = visits[:, None] * np.maximum(self.energies[:, :1] - self.energies, 0.0)
        for place, block in enumerate(self.candidates[0].tolist()):
            is_higher = ((self.candidates == block).argmax(axis=1) < place) & self.is_near[0]
            served = np.unique(self.served[needs == block])
            leads = served[(served >= 0) & is_higher[served]]
            if len(leads) and len(self.chosen) > MANY and not np.isin(leads, self.chosen).any():
                worth = saved[needs == block].sum(axis=0)[leads]
                self.chosen.pop()
                self.chosen.insert(1, int(leads[worth.argmax()]))


def select(surface: Surface, sections: Sections, states: States, start: Ints, most: int) -> Ints:
    """At most `most` orders as positions in `surface.blocks`, (K, N); the first is `start`.

    Greedy facility location (Nemhauser, Wolsey and Fisher, 1978): each step gives a group one more
    arrangement, where Σ of visits × seconds falls the most for each doubling of the book, counting
    those who get there by one visit's moves from where they are. What is left goes to the most
    frequent other orders.
    """
    costs = _costs(surface, states)
    budget = surface.guardrails.move_budget
    groups = [
        _group(ranks[real], states, costs, start, budget)
        for ranks, real in zip(sections.ranks, sections.is_real, strict=True)
        if real.sum() > 1
    ]
    while _grown(groups, states.visits, most):
        pass
    for group in groups:
        group.lead(states.share.argmax(axis=1), states.visits)
    return _filled(_combined(groups, start), states, most)


def _group(ranks: Ints, states: States, costs: Floats, start: Ints, budget: int) -> _Group:
    """costs: see `_costs`."""
    shown, which = np.unique(states.orders[:, ranks], axis=0, return_inverse=True)
    frequent = np.argsort(-np.bincount(which, states.visits), kind="stable")[:MOST_ARRANGEMENTS]
    first = start[ranks]
    others = [row for row in shown[frequent] if not np.array_equal(row, first)]
    candidates = np.array([first, *others])
    is_near: Bools = (candidates[:, None] != candidates).sum(axis=2) <= budget
    energies = costs[:, candidates, ranks].sum(axis=2)
    at = np.zeros(len(energies), dtype=np.int64)
    rows = {row.tobytes(): i for i, row in enumerate(candidates)}
    served = np.array([rows.get(row.tobytes(), -1) for row in shown])[which.ravel()]
    return _Group(ranks, candidates, is_near, energies, served, [0], at)


def _grown(groups: list[_Group], visits: Floats, most: int) -> bool:
    """Adds one arrangement to one group; False if none fits or saves anything."""
    size = int(np.prod([len(group.chosen) for group in groups]))
    found: tuple[float, int, _Group] | None = None
    for group in groups:
        count = len(group.chosen)
        if size // count * (count + 1) > most:
            continue
        saved, arrangement = group.next(visits)
        worth = saved / np.log((count + 1) / count)
        if saved > 0 and (found is None or worth > found[0]):
            found = worth, arrangement, group
    if found is not None:
        found[2].add(found[1])
    return found is not None


def _combined(groups: list[_Group], start: Ints) -> Ints:
    """An order for every combination of chosen arrangements, (K, N)."""
    chosen = list(product(*(group.chosen for group in groups)))
    orders = np.repeat(start[None], len(chosen), axis=0)
    for column, group in enumerate(groups):
        taken = [combination[column] for combination in chosen]
        orders[:, group.ranks] = group.candidates[taken]
    return orders


def _filled(orders: Ints, states: States, most: int) -> Ints:
    """The orders, and as many of the most frequently served others as fit: people rest there."""
    shown, which = np.unique(states.orders, axis=0, return_inverse=True)
    served = shown[np.argsort(-np.bincount(which, states.visits), kind="stable")]
    found = {order.tobytes(): order for order in [*orders, *served]}
    return np.array(list(found.values())[:most])


def _costs(surface: Surface, states: States) -> Floats:
    """Horizon seconds of each block at each rank per state, as if shown there first, (S, N, N)."""
    count = len(surface.blocks)
    pointing = geometry(surface, np.ones(count, dtype=np.int64)).pointing_by_rank
    none = np.zeros(count)
    expected = zip(states.share, states.base, strict=True)
    unseen = [Outlook(share, base, none, settled=False) for share, base in expected]
    return np.array([cost_matrix(pointing, outlook) for outlook in unseen])


class Reached(NamedTuple):
    """which: for each state, the order that costs it the least, (S,). later: for each order, mean
    seconds of all states in the best order that one visit's moves lead to from it, (K,)."""

    which: Ints
    later: Floats


def reached(surface: Surface, states: States, orders: Ints) -> Reached:
    """Says of K orders, (K, N), who belongs to them and how well people fare from each."""
    ranks = np.arange(orders.shape[1])
    energies = np.array([c[orders, ranks].sum(axis=1) for c in _costs(surface, states)])
    later = np.empty(len(orders))
    for order, row in enumerate(orders):
        is_near = (orders != row).sum(axis=1) <= surface.guardrails.move_budget
        later[order] = states.visits @ energies[:, is_near].min(axis=1) / states.visits.sum()
    return Reached(energies.argmin(axis=1), later)


def expected_demand(states: States, which: Ints, count: int) -> Floats:
    """Mean share of the states of each of `count` orders, (K, N); of all states where it has none.

    which: (S,), see `Reached`.
    """
    weight = np.zeros((count, len(which)))
    weight[which, np.arange(len(which))] = states.visits
    weight[weight.sum(axis=1) == 0] = states.visits
    demand: Floats = weight @ states.share / weight.sum(axis=1, keepdims=True)
    return demand
