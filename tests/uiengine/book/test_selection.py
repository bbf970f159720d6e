"""The orders of a book against brute force, and within the page's rules."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uiengine.strategies import surfaces
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile
from uiengine.book.selection import expected_demand, reached, select
from uiengine.book.states import States
from uiengine.cost.cost_matrix import geometry
from uiengine.cost.energy import Outlook, horizon_energy
from uiengine.page.reading_order import apply_pins, default_order
from uiengine.page.surface import (
    Block,
    Breakpoint,
    GuardrailSettings,
    Size,
    SizeLimits,
    Surface,
)
from uiengine.request import Request
from uiengine.search.assignment import order_constraints


def page(count: int, budget: int) -> Surface:
    line = SizeLimits(Size(12, 1), Size(12, 1), Size(12, 1))
    blocks = tuple(Block(c, c, c, {"all": line}) for c in "abcdefgh"[:count])
    rules = GuardrailSettings(move_budget=budget)
    return Surface("page", blocks, (Breakpoint("all", 1200, 12, 900),), 80, guardrails=rules)


def states_of(surface: Surface, seed: int, count: int = 12) -> States:
    """Random needs, each served in a random order that keeps the page's rules."""
    drawn = np.random.default_rng(seed)
    size = len(surface.blocks)
    ids = list(surface.index)
    orders = [apply_pins(surface, drawn.permutation(ids).tolist(), {}) for _ in range(count)]
    places = np.array([[surface.index[b] for b in order] for order in orders])
    share, base = drawn.dirichlet(np.full(size, 0.4), count), drawn.dirichlet(np.ones(size), count)
    return States(share, base, places, drawn.integers(1, 9, count).astype(float))


def chosen(surface: Surface, states: States, most: int) -> np.ndarray:
    nobody = Request(surface, Profile(), Popularity(), 0)
    sections = order_constraints(nobody, default_order(surface)).sections
    start = np.array([surface.index[b] for b in default_order(surface)])
    return select(surface, sections, states, start, most)


def seconds(surface: Surface, states: States, orders: np.ndarray) -> np.ndarray:
    """Horizon energy of each order for each state, (S, K), by the formula and not by the matrix."""
    known = geometry(surface, np.ones(len(surface.blocks), dtype=np.int64))
    ranks, none = orders.argsort(axis=1), np.zeros_like(orders)
    pointing = known.pointing(orders)
    return np.array(
        [
            horizon_energy(ranks, none, pointing, Outlook(s, b, np.zeros(len(s)), settled=False))
            for s, b in zip(states.share, states.base, strict=True)
        ]
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**16), st.integers(2, 4))
def test_two_entries_are_the_best_pair_that_brute_force_finds(seed, count):
    surface = page(count, budget=count)
    states = states_of(surface, seed, 40)
    found = chosen(surface, states, 2)

    served = np.unique(states.orders, axis=0)
    by_first = [np.array([found[0], order]) for order in served]
    totals = [states.visits @ seconds(surface, states, pair).min(axis=1) for pair in by_first]
    alone = states.visits @ seconds(surface, states, found[:1])[:, 0]
    # Where no second order saves anything, any will do.
    assert states.visits @ seconds(surface, states, found).min(axis=1) <= min(*totals, alone) + 1e-6


def test_a_book_of_all_orders_holds_them_all():
    surface = page(3, budget=3)
    found = chosen(surface, states_of(surface, 1, 60), 256)

    assert {tuple(order) for order in found} == set(permutations(range(3)))


@settings(max_examples=60, deadline=None)
@given(surfaces(), st.integers(0, 2**16), st.integers(1, 40))
def test_every_entry_keeps_groups_and_fixed_blocks(surface, seed, most):
    found = chosen(surface, states_of(surface, seed), most)

    ids = list(surface.index)
    assert 1 <= len(found) <= most
    assert len({tuple(order) for order in found}) == len(found)
    for order in found:
        named = tuple(ids[i] for i in order)
        assert apply_pins(surface, named, {}) == named


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**16))
def test_more_entries_never_cost_more(seed):
    surface = page(6, budget=6)
    states = states_of(surface, seed, 30)
    costs = [
        states.visits @ seconds(surface, states, chosen(surface, states, most)).min(axis=1)
        for most in (1, 2, 4, 8, 16)
    ]

    assert all(later <= sooner + 1e-6 for sooner, later in pairwise(costs))


def test_demand_is_the_mean_of_those_whose_order_it_is():
    surface = page(2, budget=2)
    share = np.array([[0.9, 0.1], [0.7, 0.3], [0.1, 0.9]])
    states = States(share, share, np.array([[0, 1], [0, 1], [1, 0]]), np.array([1.0, 3.0, 2.0]))
    orders = np.array([[0, 1], [1, 0]])

    which = reached(surface, states, orders).which

    assert which.tolist() == [0, 0, 1]
    assert np.allclose(expected_demand(states, which, 2), [[0.75, 0.25], [0.1, 0.9]])
