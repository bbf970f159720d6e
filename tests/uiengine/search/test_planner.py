"""The planner against brute force over all permutations."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.cost import cost_matrix, energy
from uiengine.model.prediction import Prediction
from uiengine.page.surface_json import parse
from uiengine.request import Request
from uiengine.search import assignment, local_search, planner
from uiengine.search.evaluate import energies


def one_column(count: int, move_budget: int = 200):
    return parse(
        {
            "slug": "page",
            "breakpoints": [
                {"name": "page", "min_width": 320, "columns": 1, "viewport_height": 10000}
            ],
            "guardrails": {"move_budget": move_budget},
            "blocks": [{"id": f"b{i}"} for i in range(count)],
        }
    )


def random_case(rng, count, move_budget=200, budget=32):
    surface = one_column(count, move_budget)
    order = tuple(f"b{i}" for i in rng.permutation(count))
    familiarity = {b: float(rng.exponential(8)) for b in order}
    profile = Profile(order=order, visits=5, familiarity=familiarity)
    demand = np.minimum(rng.dirichlet(np.ones(count)) * rng.uniform(0.5, 2), 0.95)
    share = demand / demand.sum()
    sizes = np.ones(count, dtype=np.int64)
    prediction = Prediction((0,), share, demand, share, share, share, sizes, 0, 0.0)
    return Request(surface, profile, Popularity(), 10, budget=budget), prediction


def brute_force(request, prediction, most_moves=None):
    """Returns the least energy over all permutations, each scored by `horizon_energy`."""
    last = assignment.last_order(request)
    orders = np.array(list(itertools.permutations(range(len(last)))))
    if most_moves is not None:
        orders = orders[(orders != np.arange(len(last))).sum(axis=1) <= most_moves]
    return float(energies(request, prediction, np.array(last)[orders]).min())


def test_is_within_one_percent_of_the_optimum_on_95_percent_of_small_cases():
    rng = np.random.default_rng(7)
    within = []
    for _ in range(120):
        request, prediction = random_case(rng, int(rng.integers(2, 7)))
        found = planner.plan(request, prediction).energy
        within.append(found <= 1.01 * brute_force(request, prediction))
    assert np.mean(within) >= 0.95


def test_is_near_the_optimum_within_the_move_budget():
    rng = np.random.default_rng(8)
    within = []
    for _ in range(80):
        request, prediction = random_case(rng, 5, move_budget=3)
        found = planner.plan(request, prediction).energy
        within.append(found <= 1.01 * brute_force(request, prediction, most_moves=3))
    assert np.mean(within) >= 0.95


def test_the_cost_table_sums_to_the_horizon_energy():
    rng = np.random.default_rng(9)
    request, prediction = random_case(rng, 6)
    found = assignment.assignment_of(request, prediction)
    order = rng.permutation(6)

    assert found.cost(order) == pytest.approx(
        energies(request, prediction, [found.named(order)])[0]
    )


def test_what_a_move_unlearns_is_its_energy_less_that_of_places_known_before():
    rng = np.random.default_rng(10)
    for count in (2, 5, 9):
        request, prediction = random_case(rng, count)
        found = assignment.assignment_of(request, prediction)
        order = rng.permutation(count)
        ranks = np.array([np.argsort(order)] * 2)
        shifts = np.array([ranks[0] - np.arange(count), np.zeros(count, dtype=int)])
        moved, still = energy.horizon_energy(ranks, shifts, np.zeros((2, count)), found.outlook)
        away = np.flatnonzero(order != np.arange(count))

        unlearnt = cost_matrix.unlearnt_seconds(order[away], away, found.outlook)

        assert unlearnt == pytest.approx(moved - still)


@pytest.mark.parametrize("count", [2, 5, 9])
def test_predicted_changes_are_the_real_ones(count):
    rng = np.random.default_rng(count)
    table = rng.normal(size=(count, count))
    ranks = np.arange(count)
    before, changes = table[ranks, ranks].sum(), local_search.step_changes(table[None].copy())
    for i, j in itertools.product(range(count), repeat=2):
        inserted, swapped = ranks.tolist(), ranks.tolist()
        inserted.insert(j, inserted.pop(i))
        swapped[i], swapped[j] = j, i
        for changed, found in zip((swapped, inserted), changes, strict=True):
            assert found[0, i, j] == pytest.approx(table[changed, ranks].sum() - before)


def test_does_not_move_when_the_gain_is_smaller_than_what_is_unlearnt():
    request, _ = random_case(np.random.default_rng(1), 4)
    request.profile.order = ("b0", "b1", "b2", "b3")
    request.profile.familiarity = dict.fromkeys(request.profile.order, 50.0)
    demand = np.array([0.50, 0.51, 0.2, 0.1])
    share = demand / demand.sum()
    prediction = Prediction(
        (0,), share, demand, share, share, share, np.ones(4, dtype=np.int64), 0, 0.0
    )

    assert planner.plan(request, prediction).order == request.profile.order


def test_a_longer_habit_outweighs_what_was_decoded():
    """Base = (own decayed share sum + 18 × outlook) / (own sum + 18), by hand."""
    request, prediction = random_case(np.random.default_rng(2), 2)
    even = replace(prediction, outlook=np.array([0.5, 0.5]))
    profile = Profile()
    for day in range(3):
        fold_visit(profile, day, ["b0"])
    own = 1 + 2 ** (-1 / 20) + 2 ** (-2 / 20)

    base = assignment.outlook(replace(request, profile=profile), even).base

    assert base == pytest.approx([(own + 9) / (own + 18), 9 / (own + 18)])


def test_scores_no_more_candidates_than_its_budget():
    rng = np.random.default_rng(3)
    for budget in (1, 2, 3, 8):
        request, prediction = random_case(rng, 9, budget=budget)
        assert planner.plan(request, prediction).scored <= budget


def test_an_undone_move_is_not_proposed_again():
    rng = np.random.default_rng(5)
    request, prediction = random_case(rng, 5)
    moved = planner.plan(request, prediction)
    assert moved.stability.moved
    from uiengine.behaviour.profile import Undone

    request.profile.feedback.undone = tuple(
        Undone(b, moved.order.index(b), 11) for b in moved.stability.moved
    )

    again = planner.plan(request, prediction)

    for block_id in moved.stability.moved:
        kept = again.order.index(block_id) == request.profile.order.index(block_id)
        assert kept or again.order.index(block_id) != moved.order.index(block_id)


def test_energy_is_the_only_source_of_seconds():
    """One block, known u, H steps by hand: E = Σ ρ^h p (search − e(h)·gain + point)."""
    outlook = energy.Outlook(np.array([0.5]), np.array([0.5]), np.array([1.0]))
    ranks, shifts = np.zeros((1, 1), dtype=np.int64), np.zeros((1, 1), dtype=np.int64)

    found = energy.horizon_energy(ranks, shifts, np.array([[0.4]]), outlook)[0]

    expected = 0.0
    for h in range(20):
        u = 1.0 + 0.5 * h
        expert = 1 - 1 / (u + 1)
        search, decide = 0.30 + 0.064, 0.24
        expected += 0.95**h * 0.5 * ((1 - expert) * search + expert * decide + 0.4)
    assert found == pytest.approx(expected)
