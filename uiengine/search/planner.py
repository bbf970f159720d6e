"""System 2: searches for the order of least horizon energy within the rules.

Order rules are forbidden entries of a cost matrix (`assignment`), so every order built from it
keeps them. The search starts from the better of the last order and the decoded one, and applies
the best single swap or insertion until none improves it or the budget of candidates is spent; the
best of all scored orders wins. One-token neighbours are decoded for variants only: as starting
points of the search they changed one decision in 2,774 (ml/LOG.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from uiengine.cost.energy import Ints
from uiengine.decision import Candidate, Stability
from uiengine.model.prediction import Prediction
from uiengine.request import Request
from uiengine.search.assignment import Assignment, assignment_of, seed_of
from uiengine.search.exploration import candidates, explore
from uiengine.search.local_search import LEAST_GAIN
from uiengine.search.resizing import Resized, is_quick, resized, sizing_of, with_sizes

NEAR = 4
"""Number of neighbours of the best order that become candidates where a layout is drawn."""
LOOKED_AT = 64
"""Maximum number of neighbours that a step compares with their actual heights."""


@dataclass(frozen=True)
class Plan:
    """The result of the search.

    order: block ids; energy: modelled seconds over the horizon; scored: number of candidates
    scored; variants: if several are requested, the best distinct orders with their energies, best
    first; propensity: probability with which `order` was drawn; explored: True if it is not the
    best; candidates: all candidates if there was a draw; sizes: size classes of the blocks that
    have not their default size, None where the surface changes no sizes; sizes_before:
    those of the last layout, which all variants but the first have.
    """

    order: tuple[str, ...]
    energy: float
    stability: Stability
    scored: int
    variants: tuple[tuple[tuple[str, ...], float], ...]
    propensity: float
    explored: bool
    candidates: tuple[Candidate, ...] = ()
    sizes: Mapping[str, int] | None = None
    sizes_before: Mapping[str, int] | None = None


def plan(request: Request, prediction: Prediction, neighbours: Sequence[Prediction] = ()) -> Plan:
    """Plans the layout to serve. A budget of 1 (System 1) gives the decoded order within the rules.

    neighbours: decoded one-token neighbours, which may become variants.
    """
    sizing = sizing_of(request) if request.surface.guardrails.sizes else None
    assignment = assignment_of(request, prediction, sizing.geometry if sizing else None)
    ranked = _ranked(
        assignment, _proposed(request, assignment, seed_of(request, prediction, assignment))
    )
    share = request.surface.guardrails.exploration
    chosen, propensity = 0, 1.0
    if share:
        chosen, propensity = explore([e for _, e in ranked], share, request.seed)
    drawn = candidates([(assignment.named(o), e) for o, e in ranked], share) if share else ()
    variants = _variants(request, assignment, ranked, neighbours)
    served = Resized(*ranked[chosen])
    if sizing is not None:
        first = [ranked[chosen], *ranked[:chosen], *ranked[chosen + 1 :]]
        served = resized(request, assignment, first, sizing)
        variants = _with_sizes(assignment.named(served.order), served.energy, variants)
    stability = assignment.stability(
        served.order, _staying(assignment, ranked) - served.energy, request
    )
    return Plan(
        order=assignment.named(served.order),
        energy=served.energy,
        stability=with_sizes(stability, served) if served.changed else stability,
        scored=len(ranked),
        variants=variants,
        propensity=propensity,
        explored=chosen != 0,
        candidates=drawn,
        sizes=served.sizes,
        sizes_before=served.before,
    )


def _with_sizes(
    order: tuple[str, ...], energy: float, variants: tuple[tuple[tuple[str, ...], float], ...]
) -> tuple[tuple[tuple[str, ...], float], ...]:
    """The variants with the served layout first; the others keep the sizes that they had."""
    others = [(o, e) for o, e in variants if o != order]
    return ((order, energy), *others[: len(variants) - 1]) if variants else ()


def _proposed(request: Request, assignment: Assignment, seed: Ints) -> list[Ints]:
    """The candidates: System 1's single one, or those that System 2 finds.

    Where heights differ, the best and the last order are refined with their actual heights. Where a
    layout is drawn, neighbours of the best are added.
    """
    if request.budget <= 1:
        return [_toward(assignment, seed)]
    is_drawn = request.surface.guardrails.exploration > 0 and request.budget > NEAR
    orders, best = _search(assignment, seed, request.budget - NEAR * is_drawn)
    if not assignment.geometry.is_even:
        passed = set[bytes]()
        for start in _to_refine(request, assignment, best):
            most = request.budget - NEAR * is_drawn - len(orders)
            orders += _refined(assignment, start, most, passed)
    if not is_drawn:
        return orders
    if not assignment.geometry.is_even:
        best = min(orders, key=lambda order: float(assignment.total(order[None])[0]))
    return [*orders, *_near(assignment, best, NEAR)]


def _to_refine(request: Request, assignment: Assignment, best: Ints) -> Sequence[Ints]:
    """With new sizes to come, which begin from several orders, the best alone, or none."""
    if not request.surface.guardrails.sizes:
        return best, assignment.places
    return () if is_quick(request.surface) else (best,)


def _variants(
    request: Request,
    assignment: Assignment,
    ranked: Sequence[tuple[Ints, float]],
    neighbours: Sequence[Prediction],
) -> tuple[tuple[tuple[str, ...], float], ...]:
    """The best order, then other distinct ones by energy; empty unless several are requested.

    Neighbours of the best by one swap and by one token are not part of the budget. They do not
    change the served layout, so the best stays first even if one of them costs less.
    """
    if request.variants <= 1:
        return ()
    best, known = ranked[0], [order for order, _ in ranked[1:]]
    seeds = [seed_of(request, d, assignment) for d in neighbours]
    near = _near(assignment, best[0], 4 * max(NEAR, request.variants))
    more = [*near, *(o for o in seeds if assignment.keeps_rules(o))]
    distinct = _ranked(assignment, [*known, *more]) if known or more else []
    others = [(o, e) for o, e in distinct if not np.array_equal(o, best[0])]
    kept = [best, *others][: request.variants]
    return tuple((assignment.named(order), energy) for order, energy in kept)


def _search(assignment: Assignment, seed: Ints, budget: int) -> tuple[list[Ints], Ints]:
    """At most `budget` (≥ 2) candidates and the cheapest of them.

    Candidates are the last order, the decoded one, and the steps that improve the better of both.
    """
    orders, start = [assignment.places], assignment.places
    if assignment.keeps_rules(seed):
        orders.append(seed)
        start = min(start, seed, key=assignment.cost)
    steps = list(assignment.local_search.steps(start, budget - 2))
    return orders + steps, steps[-1] if steps else start


def _refined(assignment: Assignment, start: Ints, most: int, passed: set[bytes]) -> list[Ints]:
    """At most `most` steps from `start`, each the best with actual heights of those LOOKED_AT.

    passed: orders that an earlier start came by, to which this one's are added: what would follow
    is known.
    """
    steps: list[Ints] = []
    if start.tobytes() in passed:
        return steps
    least = float(assignment.total(start[None])[0])
    while len(steps) < most and (name := start.tobytes()) not in passed:
        passed.add(name)
        near = _near(assignment, start, LOOKED_AT)
        totals = assignment.total(near) if len(near) else np.array([least])
        best = int(totals.argmin())
        if totals[best] >= least - LEAST_GAIN:
            break
        start, least = near[best], float(totals[best])
        steps.append(start)
    return steps


def _near(assignment: Assignment, order: Ints, most: int) -> Ints:
    """At most `most` orders one step from `order` that keep the rules, the cheapest by the table
    first."""
    near = assignment.local_search.near(order, most)
    return near[assignment.keeps_rules(near)]


def _ranked(assignment: Assignment, orders: Sequence[Ints]) -> list[tuple[Ints, float]]:
    """Distinct orders with their energies, best first; ties keep the proposed order.

    Those that misplace more used blocks than another are left out.
    """
    distinct = np.array(list({o.tobytes(): o for o in orders}.values()))
    if assignment.behind is not None:
        misplaced = assignment.misplaced(distinct)
        distinct = distinct[misplaced == misplaced.min()]
    energies = assignment.score(distinct).tolist()
    return sorted(zip(distinct, energies, strict=True), key=itemgetter(1))


def _staying(assignment: Assignment, ranked: Sequence[tuple[Ints, float]]) -> float:
    """The energy of the last order, which System 2 has scored."""
    last = assignment.places.tobytes()
    for order, energy in ranked:
        if order.tobytes() == last:
            return energy
    return float(assignment.score(assignment.places[None])[0])


def _toward(assignment: Assignment, target: Ints) -> Ints:
    """The target order, or as much of it as the move budget allows, by least cost."""
    if assignment.keeps_rules(target):
        return target
    return [assignment.places, *assignment.local_search.steps(assignment.places, len(target))][-1]
