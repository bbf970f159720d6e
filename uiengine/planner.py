"""System 2: search for the order of least horizon energy within the rules (DESIGN section 6).

Rules about order are a table of allowed (block, rank) pairs, so that every order built from it
keeps them: blocks the team pinned and the user's pins have one rank, a group has its stretch of
ranks, and an undone move is closed for 28 days. Search starts from the better of the last order and
the decoded one, and improves it by the best single swap or insertion until none pays or the budget
of candidates is spent; the best of all that were scored wins. One-token neighbours are decoded for
variants only: as starts of the search they changed one decision in 2,774 (ml/LOG.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .coefficients import VALUES
from .costs import Geometry
from .decoded import Decoded, Request, Stability
from .descent import FORBIDDEN, Descent, swap_gains, swapped
from .energy import Floats, Ints, Outlook, horizon_energy, rank_costs
from .exploration import Candidate, candidates, explore
from .groups import sections
from .layout import moved_blocks
from .orders import complete, default_order, hold_pins
from .profile import Profile, visit_shares_at

Bools = npt.NDArray[np.bool_]
NEAR = 4
"""One-swap neighbours of the best order that are proposed beside it."""


@dataclass(frozen=True)
class Plan:
    """order: block ids; energy: modelled seconds over the horizon; scored: candidates scored.

    variants: the best distinct orders with their energies, best first. propensity: probability with
    which `order` was drawn among them all; explored: whether it is other than the best;
    candidates: all of them, where a draw is made at all.
    """

    order: tuple[str, ...]
    energy: float
    stability: Stability
    scored: int
    variants: tuple[tuple[tuple[str, ...], float], ...]
    propensity: float
    explored: bool
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class Problem:
    """One search: orders are arrays of block indices, `last` the order to start from.

    may_move: how many blocks may leave their rank in `last`; costs: (N, N), infinite where a rule
    forbids block i at rank r (FORBIDDEN, in fact); pointing: (N, N), T_point in them.
    """

    last: Ints
    costs: Floats
    pointing: Floats
    may_move: int
    geometry: Geometry
    outlook: Outlook
    descent: Descent


def plan(request: Request, decoded: Decoded, neighbours: Sequence[Decoded] = ()) -> Plan:
    """The order to serve. A budget of 1 is System 1: the decoded order, as far as rules allow.

    neighbours: decoded one-token neighbours, which may enter the variants.
    """
    last = last_order(request)
    problem = _problem(request, decoded, last)
    ranked = _ranked(problem, _proposed(request, problem, _seed(request, decoded)))
    share = request.surface.guardrails.exploration
    chosen, propensity = explore([e for _, e in ranked], share, request.seed)
    order, energy = ranked[chosen]
    named = _named(request, order)
    return Plan(
        order=named,
        energy=energy,
        stability=_stability(request, problem, order, last, named),
        scored=len(ranked),
        variants=_variants(request, problem, ranked, neighbours),
        propensity=propensity,
        explored=chosen != 0,
        candidates=candidates([(_named(request, o), e) for o, e in ranked], share) if share else (),
    )


def _proposed(request: Request, problem: Problem, seed: Ints) -> list[Ints]:
    """The candidates: System 1's one, or what System 2 finds, with its neighbours where one of them
    may be drawn, or may be better once real heights count."""
    if request.budget <= 1:
        return [_toward(problem, seed)]
    matters = request.surface.guardrails.exploration > 0 or not problem.geometry.is_even
    near = NEAR if matters and request.budget > NEAR else 0
    orders = list(_search(problem, seed, request.budget - near))
    return orders + _near(problem, min(orders, key=lambda o: _cost(problem, o)), near)


def _variants(
    request: Request,
    problem: Problem,
    ranked: Sequence[tuple[Ints, float]],
    neighbours: Sequence[Decoded],
) -> tuple[tuple[tuple[str, ...], float], ...]:
    """The best order found, then other distinct ones by energy. Where more than one is asked for,
    neighbours of the best by one swap and by one token come on top of the budget; they change
    nothing that is served, so the best stays first even if one of them costs less."""
    best, others = ranked[0], list(ranked[1:])
    if request.variants > 1:
        decoded = [_seed(request, d) for d in neighbours]
        near = _near(problem, best[0], max(NEAR, request.variants))
        known = [o for o, _ in others]
        more = [o for o in (*near, *decoded) if _keeps_rules(problem, o)]
        distinct = _ranked(problem, [*known, *more]) if known or more else []
        others = [(o, e) for o, e in distinct if not np.array_equal(o, best[0])]
    kept = [best, *others][: request.variants]
    return tuple((_named(request, order), energy) for order, energy in kept)


def _named(request: Request, order: Ints) -> tuple[str, ...]:
    blocks = request.surface.blocks
    return tuple(blocks[i].id for i in order.tolist())


def last_order(request: Request) -> tuple[str, ...]:
    """The reading order the subject saw last, fitted to the surface and the pins of today."""
    surface, profile = request.surface, request.profile
    order = complete(surface, profile.order or default_order(surface))
    return hold_pins(surface, order, profile.feedback.pins)


def outlook(request: Request, decoded: Decoded) -> Outlook:
    """What the energy needs to know of the coming visits, in the order of `surface.blocks`.

    The base is the subject's own decayed share, shrunk to the decoded outlook: the more visits of
    theirs there are, the less it changes from one to the next.
    """
    profile, blocks = request.profile, request.surface.blocks
    familiarity = np.array([profile.familiarity.get(block.id, 0.0) for block in blocks])
    habit = np.array([_habit(profile, block.id) for block in blocks])
    prior = VALUES["habit_visits"]
    base = (habit + prior * decoded.outlook) / (habit.sum() + prior)
    return Outlook(decoded.share, base, familiarity, settled=bool(profile.order))


def _habit(profile: Profile, block_id: str) -> float:
    """The block's decayed share sum, at the longer half-life in visits."""
    counters = profile.blocks.get(block_id)
    return visit_shares_at(counters, profile.visits)[-1] if counters else 0.0


def score(problem: Problem, orders: Ints) -> Floats:
    """Horizon energy of K orders that keep the rules, (K, N) to (K,).

    The sum of the table's entries, with T_point as the blocks above really are instead of average.
    """
    geometry = problem.geometry
    summed: Floats = problem.costs[orders, np.arange(orders.shape[1])].sum(axis=1)
    if geometry.is_even:
        return summed
    ranks = np.argsort(orders, axis=1)
    there = problem.pointing[np.arange(orders.shape[1]), ranks]
    weight = problem.outlook.steps[0].sum(axis=0)
    energies: Floats = summed + (geometry.pointing(orders) - there) @ weight
    return energies


def _problem(request: Request, decoded: Decoded, last: tuple[str, ...]) -> Problem:
    surface = request.surface
    indices = np.array([surface.index[b] for b in last])
    last_ranks = np.argsort(indices)
    geometry = Geometry(surface, decoded.size_class)
    expected = outlook(request, decoded)
    pointing = geometry.pointing_by_rank()
    costs = rank_costs(last_ranks, pointing, expected)
    groups, held = _fixed(request)
    costs[~_allowed(request, groups, held, indices)] = FORBIDDEN
    first_visit = not request.profile.order
    budget = len(last) if first_visit else surface.guardrails.move_budget
    descent = Descent(costs, indices, budget, sections(groups[indices], last_ranks[held].tolist()))
    return Problem(indices, costs, pointing, budget, geometry, expected, descent)


def _fixed(request: Request) -> tuple[Ints, list[int]]:
    """The group of each block, and the blocks that a pin holds at their rank."""
    surface = request.surface
    held = (*surface.pinned_ranks, *request.profile.feedback.pins)
    return np.array(surface.group_ranks), [surface.index[b] for b in held if b in surface.index]


def _allowed(request: Request, groups: Ints, held: list[int], last: Ints) -> Bools:
    """Which rank each block may take, (N, N)."""
    surface, feedback = request.surface, request.profile.feedback
    last_ranks = np.argsort(last)
    allowed: Bools = groups[:, None] == groups[last][None, :]
    allowed[held] = False
    allowed[:, last_ranks[held]] = False
    allowed[held, last_ranks[held]] = True
    for undone in feedback.undone:
        if undone.block not in surface.index or undone.until_day <= request.day:
            continue
        block = surface.index[undone.block]
        if undone.rank < len(last) and last_ranks[block] != undone.rank:
            allowed[block, undone.rank] = False
    return allowed


def _seed(request: Request, decoded: Decoded) -> Ints:
    """The decoded order with the rules on groups and pins applied."""
    surface = request.surface
    by_score = np.argsort(-decoded.score, kind="stable")
    names = tuple(surface.blocks[i].id for i in by_score)
    held = hold_pins(surface, names, request.profile.feedback.pins)
    return np.array([surface.index[b] for b in held])


def _search(problem: Problem, seed: Ints, budget: int) -> Iterator[Ints]:
    """At most `budget` candidates, 2 or more: the last order, the decoded one, and what improves
    on the better of them step by step (partial moves of the blocks that gain most)."""
    yield problem.last
    start = problem.last
    if _keeps_rules(problem, seed):
        yield seed
        start = min(start, seed, key=lambda o: _cost(problem, o))
    yield from problem.descent.steps(start, budget - 2)


def _near(problem: Problem, order: Ints, count: int) -> list[Ints]:
    """The `count` cheapest orders that differ from `order` by one swap and keep the rules."""
    if not count:
        return []
    gains = swap_gains(problem.costs[order])
    gains[np.tril_indices(len(order))] = FORBIDDEN
    cheapest = np.argsort(gains, axis=None, kind="stable")[: 4 * count]
    near = (swapped(order, *divmod(int(k), len(order))) for k in cheapest)
    return [o for o in near if _keeps_rules(problem, o)][:count]


def _ranked(problem: Problem, orders: Sequence[Ints]) -> list[tuple[Ints, float]]:
    """Distinct orders with their energies, best first; of equals the first proposed."""
    distinct = list({o.tobytes(): o for o in orders}.values())
    energies = score(problem, np.array(distinct))
    return [(distinct[k], float(energies[k])) for k in np.argsort(energies, kind="stable")]


def _toward(problem: Problem, target: Ints) -> Ints:
    """The target itself, or as much of it as the move budget allows, by least cost."""
    if _keeps_rules(problem, target):
        return target
    return [problem.last, *problem.descent.steps(problem.last, len(target))][-1]


def _keeps_rules(problem: Problem, order: Ints) -> bool:
    moved = np.count_nonzero(order != problem.last)
    return bool(moved <= problem.may_move) and _cost(problem, order) < FORBIDDEN


def _cost(problem: Problem, order: Ints) -> float:
    return float(problem.costs[order, np.arange(len(order))].sum())


def _stability(
    request: Request,
    problem: Problem,
    chosen: Ints,
    before: tuple[str, ...],
    after: tuple[str, ...],
) -> Stability:
    """What moved, what the lost familiarity costs, and what moving saves net of it."""
    budget = request.surface.guardrails.move_budget
    if np.array_equal(chosen, problem.last):
        return Stability(budget=budget)
    stay, energy = score(problem, np.array([problem.last, chosen])).tolist()
    ranks = np.array([np.argsort(chosen)] * 2)
    shifts = ranks - np.argsort(problem.last)
    shifts[1] = 0
    moved, unmoved = horizon_energy(ranks, shifts, np.zeros_like(shifts), problem.outlook).tolist()
    return Stability(
        moved=moved_blocks(before, after) if request.profile.order else (),
        budget=budget,
        cost_seconds=moved - unmoved,
        saves_seconds=stay - energy,
    )
