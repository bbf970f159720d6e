"""System 2: search for the order of least horizon energy within the rules .

Rules about order are forbidden entries of a table of costs (`assignment`), so that
every order built from it keeps them. Search starts from the better of the last order and the
decoded one, and improves it by the best single swap or insertion until none pays or the budget of
candidates is spent; the best of all that were scored wins. One-token neighbours are decoded for
variants only: as starts of the search they changed one decision in 2,774 (ml/LOG.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from uiengine.cost.energy import Ints
from uiengine.decision import Candidate, Stability
from uiengine.model.prediction import Prediction
from uiengine.request import Request
from uiengine.search.assignment import Assignment, assignment_of, seed_of
from uiengine.search.exploration import candidates, explore
from uiengine.search.local_search import FORBIDDEN, is_earlier

NEAR = 4
"""One-swap neighbours of the best order that are proposed beside it."""


@dataclass(frozen=True)
class Plan:
    """order: block ids; energy: modelled seconds over the horizon; scored: candidates scored.

    variants: where several are asked for, the best distinct orders with their energies, best first;
    propensity: probability with
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


def plan(request: Request, prediction: Prediction, neighbours: Sequence[Prediction] = ()) -> Plan:
    """The order to serve. A budget of 1 is System 1: the decoded order, as far as rules allow.

    neighbours: decoded one-token neighbours, which may enter the variants.
    """
    assignment = assignment_of(request, prediction)
    ranked = _ranked(
        assignment, _proposed(request, assignment, seed_of(request, prediction, assignment))
    )
    share = request.surface.guardrails.exploration
    chosen, propensity = 0, 1.0
    if share:
        chosen, propensity = explore([e for _, e in ranked], share, request.seed)
    order, energy = ranked[chosen]
    variants = _variants(request, assignment, ranked, neighbours)
    drawn = candidates([(assignment.named(o), e) for o, e in ranked], share) if share else ()
    return Plan(
        order=assignment.named(order),
        energy=energy,
        stability=assignment.stability(order, _staying(assignment, ranked) - energy, request),
        scored=len(ranked),
        variants=variants,
        propensity=propensity,
        explored=chosen != 0,
        candidates=drawn,
    )


def _proposed(request: Request, assignment: Assignment, seed: Ints) -> list[Ints]:
    """The candidates: System 1's one, or what System 2 finds, with its neighbours where one of them
    may be drawn, or may be better once real heights count."""
    if request.budget <= 1:
        return [_toward(assignment, seed)]
    matters = request.surface.guardrails.exploration > 0 or not assignment.geometry.is_even
    near = NEAR if matters and request.budget > NEAR else 0
    orders, best = _search(assignment, seed, request.budget - near)
    return [*orders, *_near(assignment, best, near)] if near else orders


def _variants(
    request: Request,
    assignment: Assignment,
    ranked: Sequence[tuple[Ints, float]],
    neighbours: Sequence[Prediction],
) -> tuple[tuple[tuple[str, ...], float], ...]:
    """The best order found, then other distinct ones by energy; none unless several are asked for.

    Neighbours of the best by one swap and by one token come on top of the budget; they change
    nothing that is served, so the best stays first even if one of them costs less.
    """
    if request.variants <= 1:
        return ()
    best, known = ranked[0], [order for order, _ in ranked[1:]]
    seeds = [seed_of(request, d, assignment) for d in neighbours]
    near = _near(assignment, best[0], max(NEAR, request.variants))
    more = [*near, *(o for o in seeds if assignment.keeps_rules(o))]
    distinct = _ranked(assignment, [*known, *more]) if known or more else []
    others = [(o, e) for o, e in distinct if not np.array_equal(o, best[0])]
    kept = [best, *others][: request.variants]
    return tuple((assignment.named(order), energy) for order, energy in kept)


def _search(assignment: Assignment, seed: Ints, budget: int) -> tuple[list[Ints], Ints]:
    """At most `budget` candidates, 2 or more, and the one that costs least: the last order, the
    decoded one, and what improves on the better of them step by step (partial moves of the blocks
    that gain most)."""
    orders, start = [assignment.places], assignment.places
    if assignment.keeps_rules(seed):
        orders.append(seed)
        start = min(start, seed, key=assignment.cost)
    steps = list(assignment.local_search.steps(start, budget - 2))
    return orders + steps, steps[-1] if steps else start


def _near(assignment: Assignment, order: Ints, count: int) -> Ints:
    """The `count` cheapest orders, fewer if there are no more, that differ from `order` by one swap
    and keep the rules."""
    table = assignment.costs.take(order, axis=0)
    table -= table.diagonal()[:, None].copy()
    gains = table + table.T
    gains[~is_earlier(len(order)).T] = FORBIDDEN
    flat, most = gains.ravel(), min(4 * count, gains.size)
    low = (flat <= np.partition(flat, most - 1)[most - 1]).nonzero()[0]
    cheapest = low.take(flat.take(low).argsort(kind="stable")[:most])
    one, other = np.divmod(cheapest, len(order))
    near, rows = np.repeat(order[None], len(cheapest), axis=0), np.arange(len(cheapest))
    near[rows, one], near[rows, other] = order.take(other), order.take(one)
    return near[assignment.keeps_rules(near)][:count]


def _ranked(assignment: Assignment, orders: Sequence[Ints]) -> list[tuple[Ints, float]]:
    """Distinct orders with their energies, best first; of equals the first proposed."""
    distinct = list({o.tobytes(): o for o in orders}.values())
    energies = assignment.score(np.array(distinct)).tolist()
    return sorted(zip(distinct, energies, strict=True), key=itemgetter(1))


def _staying(assignment: Assignment, ranked: Sequence[tuple[Ints, float]]) -> float:
    """The energy of the order seen last, which System 2 has scored."""
    last = assignment.places.tobytes()
    for order, energy in ranked:
        if order.tobytes() == last:
            return energy
    return float(assignment.score(assignment.places[None])[0])


def _toward(assignment: Assignment, target: Ints) -> Ints:
    """The target itself, or as much of it as the move budget allows, by least cost."""
    if assignment.keeps_rules(target):
        return target
    return [assignment.places, *assignment.local_search.steps(assignment.places, len(target))][-1]
