"""Blocks that lead on or help stand in one order on all surfaces (WCAG 2.2, 3.2.3 and 3.2.6)."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.uiengine.book.test_selection import chosen, states_of
from tests.uiengine.guardrails.facts import page
from tests.uiengine.search.test_planner import random_case
from tests.uiengine.strategies import TODAY, decoded_for, profiles_of, surfaces
from uiengine import engine
from uiengine.behaviour.popularity import Popularity
from uiengine.guardrails import Case, check
from uiengine.page.consistency import clashes, contradictions
from uiengine.page.layout import Layout, pack
from uiengine.page.reading_order import default_order
from uiengine.page.surface import MARKS, Surface
from uiengine.request import Request
from uiengine.search import planner
from uiengine.search.assignment import last_order
from uiengine.search.evaluate import energies

MENU = {"navigation": True}
TOP = {"pinned": {"wide": [0, 0]}}


@st.composite
def sites(draw: st.DrawFn) -> tuple[Surface, Surface]:
    """Two surfaces with blocks of the same ids, which do not contradict each other."""
    one, other = draw(surfaces()), draw(surfaces())
    assume(not list(contradictions(one, other)))
    return one, other


def places(surface: Surface, layout: Layout, ids) -> set[tuple[str, ...]]:
    """The orders, one per breakpoint, in which these blocks are shown."""
    return {
        tuple(p.id for p in layout.placements[at.name] if p.id in ids) for at in surface.breakpoints
    }


def shared(one: Surface, other: Surface, mark: str, pins) -> set[str]:
    """Blocks that bear the mark on both and that the person has not pinned."""
    marked = [{b.id for b in surface.blocks if getattr(b, mark)} for surface in (one, other)]
    return marked[0] & marked[1] - set(pins)


@settings(max_examples=150, deadline=None)
@given(sites(), st.data())
def test_two_surfaces_show_shared_marked_blocks_in_one_order(site, data):
    """Whatever a person did on each: searched, drawn, decoded alone, frozen or by default."""
    shown, pins = [], set()
    for surface in site:
        drawn = replace(surface.guardrails, exploration=data.draw(st.sampled_from([0.0, 0.2])))
        profile = data.draw(profiles_of(surface))
        request = Request(
            replace(surface, guardrails=drawn),
            profile,
            Popularity(),
            TODAY,
            visit="v",
            seed=data.draw(st.integers(0, 2**16)),
            budget=data.draw(st.sampled_from([1, 4, 32])),
            variants=data.draw(st.sampled_from([1, 4])),
        )
        decision = engine.choose(request, data.draw(decoded_for(surface)), "v1")
        shown.append([decision.layout, *(v.layout for v in decision.variants)])
        pins |= set(profile.feedback.pins)

    for mark in MARKS:
        ids = shared(*site, mark, pins)
        orders = [
            places(surface, one, ids)
            for surface, layouts in zip(site, shown, strict=True)
            for one in layouts
        ]
        assert len(set().union(*orders)) == 1


@settings(max_examples=60, deadline=None)
@given(sites(), st.integers(0, 2**16))
def test_the_books_of_two_surfaces_show_them_in_one_order(site, seed):
    for mark in MARKS:
        ids, orders = shared(*site, mark, ()), set()
        for surface in site:
            names = list(surface.index)
            for order in chosen(surface, states_of(surface, seed), 40):
                orders |= places(surface, pack(surface, [names[i] for i in order]), ids)
        assert len(orders) == 1


@settings(max_examples=100)
@given(surfaces(), surfaces())
def test_what_contradicts_are_pairs_that_default_layouts_show_either_way(one, other):
    by_hand = set()
    for mark in MARKS:
        here, there = default_order(one), default_order(other)
        for first, second in combinations(shared(one, other, mark, ()), 2):
            if here.index(first) < here.index(second):
                first, second = second, first
            if there.index(first) < there.index(second):
                by_hand.add((mark, first, second))
    assert set(contradictions(one, other)) == by_hand


def test_a_marked_block_pinned_before_all_others_is_fine():
    assert list(clashes(page({"id": "a", **MENU, **TOP}, {"id": "b", **MENU}, {"id": "c"}))) == []


@pytest.mark.parametrize(
    ("blocks", "named"),
    [
        ([{"id": "b", **MENU}, {"id": "a", **MENU, **TOP}], "'a'"),
        ([{"id": "a", **MENU, "pinned": {"wide": [0, 6]}}, {"id": "b", **MENU}], "'a'"),
        (
            [{"id": "a", **MENU, "pinned": {"wide": [6, 0]}}, {"id": "b", **MENU, **TOP}],
            "cells show b, a",
        ),
    ],
)
def test_a_marked_block_pinned_where_others_may_pass_it_is_refused(blocks, named):
    (says,) = clashes(page(*blocks))
    assert says.startswith("navigation_order: ")
    assert named in says


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_pins_of_the_team_that_are_not_refused_keep_the_order(data):
    """Whatever the order of the rest."""
    cells = st.tuples(st.integers(0, 1).map(lambda x: 6 * x), st.integers(0, 3)).map(list)

    def block(number: int) -> dict:
        pinned = {"pinned": {"wide": data.draw(cells)}} if data.draw(st.booleans()) else {}
        return {"id": f"b{number}", "navigation": data.draw(st.booleans()), **pinned}

    surface = page(*(block(number) for number in range(5)))
    engine_refuses = [v.rule for v in check(Case(surface, pack(surface, default_order(surface))))]
    assume(not list(clashes(surface)) and "no_overlap" not in engine_refuses)
    ids = data.draw(st.permutations(list(surface.index)))

    layout = pack(surface, engine.apply_pins(surface, ids, {}))

    assert "navigation_order" not in {v.rule for v in check(Case(surface, layout))}


def test_marks_cost_little_of_what_the_search_finds():
    """Beside the best of all orders that keep them, by brute force."""
    rng, within = np.random.default_rng(11), []
    for _ in range(80):
        request, prediction = random_case(rng, int(rng.integers(3, 7)))
        blocks = tuple(replace(b, help=bool(rng.random() < 0.5)) for b in request.surface.blocks)
        request = replace(request, surface=replace(request.surface, blocks=blocks))
        best = min(energies(request, prediction, orders_within(request, last_order(request))))
        within.append(planner.plan(request, prediction).energy <= 1.01 * best)
    assert np.mean(within) >= 0.95


def orders_within(request, last):
    surface = request.surface
    helping = [b.id for b in surface.blocks if b.help]
    return [o for o in permutations(last) if [b for b in o if b in helping] == helping]
