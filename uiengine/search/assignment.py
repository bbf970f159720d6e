"""The search problem: one subject's visit as an assignment of blocks to ranks with a cost matrix.

Orders are arrays of places: for each rank, the place in the last order of the block shown there.
The last order is 0, 1, 2, …, and every array per block, (N,), follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from uiengine.behaviour.profile import habit_at
from uiengine.cost.coefficients import VALUES
from uiengine.cost.cost_matrix import Geometry, cost_matrix, geometry, unlearnt_seconds
from uiengine.cost.energy import Floats, Ints, Outlook
from uiengine.decision import Stability
from uiengine.model.prediction import Prediction
from uiengine.page.reading_order import apply_pins, complete, default_order
from uiengine.page.surface import Surface
from uiengine.request import Request
from uiengine.search.local_search import FORBIDDEN, Bools, LocalSearch, Sections, sections
from uiengine.search.used_first import CHARGE, behind


@dataclass(frozen=True)
class Assignment:
    """A visit's search problem.

    last: ids in the last order; blocks: their positions in `surface.blocks`; places: 0, 1, ….
    may_move: number of blocks that may leave their place; forbidden: see `order_constraints`;
    behind: see `used_first`, None if no place is charged; costs: (N, N), seconds of each block at
    each rank, FORBIDDEN if a rule excludes it; pointing: (N or 1, N), the part T_point + T_group of
    the costs.
    """

    last: tuple[str, ...]
    blocks: Ints
    places: Ints
    costs: Floats
    pointing: Floats
    may_move: int
    forbidden: Bools | None
    behind: Bools | None
    geometry: Geometry
    outlook: Outlook
    local_search: LocalSearch

    def score(self, orders: Ints) -> Floats:
        """Horizon energy of K orders that keep the rules, (K, N) to (K,).

        It sums the matrix's entries, but with T_point for the actual heights above instead of
        average ones.
        """
        summed: Floats = np.add.reduce(self.costs[orders, self.places], axis=1)
        if self.behind is not None:
            summed -= CHARGE * self.misplaced(orders)
        if self.geometry.is_even:
            return summed
        exact = self.geometry.pointing(self.blocks.take(orders)).take(self.blocks, axis=1)
        ranks = orders.argsort(axis=1)
        rows = self.places if len(self.pointing) > 1 else 0
        energies: Floats = summed + (exact - self.pointing[rows, ranks]) @ self.outlook.steps.total
        return energies

    def misplaced(self, orders: Ints) -> Ints:
        """Number of used blocks behind unused ones of their group in K orders, (K, N) to (K,)."""
        if self.behind is None:
            return np.zeros(len(orders), dtype=np.int64)
        count: Ints = np.add.reduce(self.behind[orders, self.places], axis=1, dtype=np.int64)
        return count

    def total(self, orders: Ints) -> Floats:
        """What the search lowers: the energy, and the charge on used blocks behind unused ones."""
        return self.score(orders) + CHARGE * self.misplaced(orders)

    def cost(self, order: Ints) -> float:
        return float(self.costs[order, self.places].sum())

    def keeps_rules(self, orders: Ints) -> Bools:
        """Tells if orders keep the rules: (N,) for one order, (K, N) for K."""
        is_kept: Bools = np.add.reduce(orders != self.places, axis=-1) <= self.may_move
        if self.forbidden is not None:
            is_kept &= ~self.forbidden[orders, self.places].any(axis=-1)
        return is_kept

    def named(self, order: Ints) -> tuple[str, ...]:
        return tuple([self.last[place] for place in order.tolist()])

    def stability(self, order: Ints, saves: float, request: Request) -> Stability:
        """The moved blocks and the cost of lost familiarity.

        saves: energy saved by moving, from which `least_gain` was deducted; no time is lost by it.
        """
        budget = request.surface.guardrails.move_budget
        ranks = (order != self.places).nonzero()[0]
        if not ranks.size:
            return Stability(budget=budget, saves_seconds=saves)
        moved = order.take(ranks)
        asked = VALUES["least_gain"] * ranks.size if self.outlook.settled else 0.0
        return Stability(
            moved=self.named(moved) if request.profile.order else (),
            budget=budget,
            cost_seconds=unlearnt_seconds(moved, ranks, self.outlook) - asked,
            saves_seconds=saves + asked,
        )


def assignment_of(
    request: Request, prediction: Prediction, sized: Geometry | None = None
) -> Assignment:
    """sized: the page with the sizes that its blocks have now; None for those of the prediction."""
    surface, last = request.surface, last_order(request)
    blocks = np.array([surface.index[block_id] for block_id in last])
    known = sized or geometry(surface, prediction.size_class)
    expected = outlook(request, prediction).of(blocks)
    pointing = known.pointing_by_rank
    if len(pointing) > 1:
        pointing = pointing.take(blocks, axis=0)
    costs = cost_matrix(pointing, expected)
    forbidden, parts = order_constraints(request, last)
    if forbidden is not None:
        costs[forbidden] = FORBIDDEN
    is_ruled = surface.is_grouped and request.profile.blocks
    late = behind(request, last, parts) if is_ruled else None
    if late is not None:
        np.add(costs, CHARGE, out=costs, where=late)
    first_visit = not request.profile.order
    budget = len(last) if first_visit else surface.guardrails.move_budget
    local_search = LocalSearch(costs, budget, parts, _marked(surface, last))
    return Assignment(
        last,
        blocks,
        local_search.places,
        costs,
        pointing,
        budget,
        forbidden,
        late,
        known,
        expected,
        local_search,
    )


def _marked(surface: Surface, last: Sequence[str]) -> Bools | None:
    """Per mark, which places of the last order hold its blocks, (M, N); None without marks."""
    kept = surface.kept_orders
    return np.array([[b in ids for b in last] for ids in kept]) if kept else None


def seed_of(request: Request, prediction: Prediction, assignment: Assignment) -> Ints:
    """The decoded order, adjusted to the rules on groups and pins."""
    surface, pins = request.surface, request.profile.feedback.pins
    names = [surface.blocks[i].id for i in np.argsort(-prediction.score, kind="stable").tolist()]
    if assignment.behind is not None:
        used = request.profile.blocks
        names = [b for b in names if b in used] + [b for b in names if b not in used]
    place = {block_id: p for p, block_id in enumerate(assignment.last)}
    return np.array([place[block_id] for block_id in apply_pins(surface, names, pins)])


def last_order(request: Request) -> tuple[str, ...]:
    """The last order the subject saw, adjusted to the current surface and pins."""
    surface, profile = request.surface, request.profile
    order = complete(surface, profile.order) if profile.order else default_order(surface)
    return apply_pins(surface, order, profile.feedback.pins)


def outlook(request: Request, prediction: Prediction) -> Outlook:
    """The expected use over the coming visits, in the order of `surface.blocks`.

    The base is the subject's own decayed share, shrunk towards the decoded outlook; the more visits
    the subject has, the less one visit changes it. Where the version's reading is a mere guess, or
    the version has learned on the page how much it knows, the next visit is expected likewise.
    """
    profile, index = request.profile, request.surface.index
    uses, known = profile.familiarity, profile.blocks
    familiarity = np.array([uses.get(b, 0.0) for b in index])
    habit = np.array([habit_at(known[b], profile.visits) if b in known else 0.0 for b in index])
    prior = _visits_weighed(request.surface, prediction)
    weight = habit.sum() + prior
    is_shrunk = prediction.own_visits is not None or _is_mere_guess(request.surface, prediction)
    base = (habit + prior * prediction.outlook) / weight
    share = prediction.share
    demand = (habit + prior * share) / weight if is_shrunk else share
    own = float(habit.sum() / weight)
    return Outlook(demand, base, familiarity, settled=bool(profile.order), own=own)


def _visits_weighed(surface: Surface, prediction: Prediction) -> float:
    """How many visits of one's own weigh as much as what the version expects."""
    if prediction.own_visits is not None:
        return prediction.own_visits
    if not _is_mere_guess(surface, prediction):
        return VALUES["habit_visits"]
    return VALUES["group_guess_visits" if surface.is_grouped else "guess_visits"]


def _is_mere_guess(surface: Surface, prediction: Prediction) -> bool:
    """Tells if the version was not trained for the page and its reading is to count for little.

    Where it knows most kinds, it reads a page of one group as well as a trained one. In groups,
    counting one's own uses does better than such a reading.
    """
    return prediction.is_guess and (surface.is_grouped or not prediction.knows_kinds)


class OrderConstraints(NamedTuple):
    """Rules about order, as a matrix and as sections.

    forbidden: (N, N), True if the block at place p of the last order may not go to rank r; None
    without constraints. sections: the ranks that exchange blocks.
    """

    forbidden: Bools | None
    sections: Sections


def order_constraints(request: Request, last: Sequence[str]) -> OrderConstraints:
    """The constraints for this subject. last: ids in the last order, adjusted to the surface."""
    surface, feedback = request.surface, request.profile.feedback
    if not feedback.pins and not feedback.undone:
        return _of_surface(surface)
    place = {block_id: p for p, block_id in enumerate(last)}
    pinned = {place[b] for b in feedback.pins if b in place}
    found = _of_surface(surface) if not pinned else _held(surface, pinned)
    closed = [
        (place[u.block], u.rank)
        for u in feedback.undone
        if u.block in place and u.until_day > request.day and u.rank < len(last)
    ]
    if not closed:
        return found
    known = found.forbidden
    forbidden = np.zeros((len(last), len(last)), dtype=np.bool_) if known is None else known.copy()
    for at, rank in closed:
        forbidden[at, rank] |= at != rank
    return OrderConstraints(forbidden, found.sections)


def _of_surface(surface: Surface) -> OrderConstraints:
    """The constraints that hold for all subjects, cached with the surface."""
    found = surface.memory.get("order_constraints")
    if found is None:
        found = surface.memory["order_constraints"] = _held(surface, set())
    known: OrderConstraints = found
    return known


def _held(surface: Surface, pinned: set[int]) -> OrderConstraints:
    """The surface's constraints. pinned: places of blocks fixed by the user."""
    held = sorted({*surface.pinned_ranks.values(), *pinned})
    group: Ints = np.array([surface.group_ranks[surface.index[b]] for b in default_order(surface)])
    forbidden: Bools = group[:, None] != group
    forbidden[held] = True
    forbidden[:, held] = True
    forbidden[held, held] = False
    return OrderConstraints(forbidden if forbidden.any() else None, sections(group, held))
