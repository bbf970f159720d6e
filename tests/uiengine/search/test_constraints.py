"""Searching group by group finds what a search over the whole page finds."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uiengine.strategies import requests
from uiengine.search import planner
from uiengine.search.evaluate import energies
from uiengine.search.local_search import FORBIDDEN, LEAST_GAIN, LocalSearch, sections


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_steps_are_those_of_the_whole_page(seed, sizes):
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    count = len(group)
    costs = rng.random((count, count))
    costs[group[:, None] != group] = FORBIDDEN
    may_move = int(rng.integers(0, count + 2))

    by_group = LocalSearch(costs, may_move, sections(group, []))
    whole = LocalSearch(costs, may_move, sections(np.zeros(count, dtype=np.int64), []))

    last = np.arange(count)
    found = [order.tolist() for order in by_group.steps(last, 20)]
    assert found == [order.tolist() for order in whole.steps(last, 20)]
    for order in found:
        assert np.count_nonzero(np.array(order) != last) <= may_move
        assert (group[order] == group).all()


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 7), st.integers(0, 8))
def test_each_step_is_the_best_of_all_that_the_budget_allows(seed, count, may_move):
    """Compares with every swap and insertion, tried one after the other."""
    costs, last = np.random.default_rng(seed).random((count, count)), np.arange(count)

    def steps_of(order):
        for i, j in itertools.product(range(count), repeat=2):
            inserted, swapped = list(order), list(order)
            inserted.insert(j, inserted.pop(i))
            swapped[i], swapped[j] = order[j], order[i]
            yield from (tuple(inserted), tuple(swapped))

    order, by_hand = tuple(range(count)), []
    while True:
        allowed = [o for o in steps_of(order) if sum(o[r] != r for r in last) <= may_move]
        best = min(allowed, key=lambda o: costs[o, last].sum(), default=order)
        if costs[best, last].sum() > costs[order, last].sum() - LEAST_GAIN:
            break
        by_hand.append(order := best)

    local_search = LocalSearch(costs, may_move, sections(np.zeros(count, dtype=np.int64), []))
    assert [tuple(order.tolist()) for order in local_search.steps(last, 100)] == by_hand


def test_blocks_close_up_over_a_held_rank():
    """Block 2 moves to the top; the block held at rank 1 stays."""
    costs = np.array([[1.0, 9, 0], [9, 0, 9], [0, 9, 1]])
    local_search = LocalSearch(costs, 3, sections(np.zeros(3, dtype=np.int64), [1]))
    assert [order.tolist() for order in local_search.steps(np.arange(3), 5)] == [[2, 1, 0]]


def test_a_page_of_held_blocks_has_no_step():
    held = sections(np.zeros(2, dtype=np.int64), [0, 1])
    assert list(LocalSearch(np.zeros((2, 2)), 2, held).steps(np.arange(2), 5)) == []


@settings(max_examples=100)
@given(requests())
def test_candidates_are_scored_as_the_horizon_energy_scores_them(case):
    """The cost table, corrected for real heights, is exact; the first layout has the new sizes."""
    request, prediction = case
    found = planner.plan(replace(request, variants=20), prediction)
    orders = [order for order, _ in found.variants]
    served = energies(request, prediction, orders[:1], found.sizes)
    others = energies(request, prediction, orders[1:], found.sizes_before) if orders[1:] else []
    np.testing.assert_allclose([*served, *others], [e for _, e in found.variants])
