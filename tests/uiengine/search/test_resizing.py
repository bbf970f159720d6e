"""Orders and sizes chosen together, against brute force; and what keeps its size."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from tests.uiengine.strategies import TODAY
from uiengine import engine
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Pin, Profile, fold_visit
from uiengine.cost.coefficients import VALUES
from uiengine.guardrails import check
from uiengine.model.prediction import Prediction
from uiengine.page.surface_json import parse
from uiengine.request import Request
from uiengine.search import planner
from uiengine.search.assignment import last_order
from uiengine.search.evaluate import energies

CASES = 40


def page(rng, move_budget, is_even):
    """3 to 5 blocks with limits, of one default size or of several, on a page with a fold."""
    count, one = int(rng.integers(3, 6)), [int(rng.integers(3, 8)), int(rng.integers(2, 6))]
    blocks = []
    for i in range(count):
        w, h = one if is_even else (int(rng.integers(2, 10)), int(rng.integers(2, 8)))
        low = [int(rng.integers(2, w + 1)), int(rng.integers(1, h + 1))]
        high = [int(rng.integers(w, 13)), int(rng.integers(h, 13))]
        blocks.append({"id": f"b{i}", "sizes": {"*": {"default": [w, h], "min": low, "max": high}}})
    fold = int(rng.integers(300, 900))
    at = {"name": "wide", "min_width": 1200, "columns": 12, "viewport_height": fold}
    guardrails = {"move_budget": move_budget, "sizes": True}
    more = {"breakpoints": [at], "blocks": blocks, "guardrails": guardrails}
    return parse({"slug": "page", "row_height": 60, **more})


def random_case(rng, move_budget, is_even=False):
    """A person with 3 to 14 visits, who was shown some order and some sizes."""
    surface = page(rng, move_budget, is_even)
    names = list(surface.index)
    order, needs = list(rng.permutation(names)), rng.dirichlet(np.full(len(names), 0.5)) + 0.02
    sizes = {b: int(rng.choice(choices(surface)[b])) for b in names}
    profile = Profile()
    for day in range(int(rng.integers(3, 15))):
        used = rng.choice(names, 2, p=needs / needs.sum())
        fold_visit(profile, day, set(used), order, {b: c for b, c in sizes.items() if c != 1})
    share, outlook = rng.dirichlet(np.full(len(names), 0.5), 2)
    ones = np.ones(len(names), dtype=np.int64)
    prediction = Prediction((0,), share, share, share, share, outlook, ones, 0, 0.0)
    return Request(surface, profile, Popularity(), 20), prediction


def choices(surface):
    """The classes that differ in size, by the limits alone."""
    found = {}
    for block in surface.blocks:
        limits = block.sizes["wide"]
        low = [0] if limits.min != limits.default else []
        found[block.id] = [*low, 1, *([2] if limits.max != limits.default else [])]
    return found


def brute_force(request, prediction):
    """The least energy of all orders and sizes within the budget, and that of all orders alone."""
    last, before = last_order(request), request.profile.sizes
    orders = list(itertools.permutations(last))
    moved = [{a for a, b in zip(order, last, strict=True) if a != b} for order in orders]
    least = alone = np.inf
    for classes in itertools.product(*(choices(request.surface)[b] for b in last)):
        sizes = dict(zip(last, classes, strict=True))
        resized = {b for b in last if sizes[b] != before.get(b, 1)}
        budget = request.surface.guardrails.move_budget
        within = [o for o, m in zip(orders, moved, strict=True) if len(m | resized) <= budget]
        if within:
            found = float(energies(request, prediction, within, sizes).min())
            least, alone = min(least, found), alone if resized else found
    return least, alone


@pytest.mark.parametrize("move_budget", [3, 6])
def test_orders_and_sizes_are_within_a_percent_of_the_best(move_budget):
    rng, within, gained = np.random.default_rng(move_budget), [], []
    for number in range(CASES):
        request, prediction = random_case(rng, move_budget, is_even=number % 2 == 0)
        least, alone = brute_force(request, prediction)
        plan = planner.plan(request, prediction)
        found = float(energies(request, prediction, [plan.order], plan.sizes)[0])
        assert plan.energy == pytest.approx(found, abs=1e-9)
        within.append(found <= 1.01 * least)
        gained.append(1 - least / alone)
    print(f"within 1 %: {np.mean(within):.1%} of {CASES}; sizes save {np.mean(gained):.1%}")
    assert np.mean(within) >= 0.95


def person(visits=8, **guardrails):
    """Uses the last of six blocks only. On the page only the first would fit above the fold."""
    sizes = {"*": {"default": [12, 4], "min": [6, 2], "max": [12, 6]}}
    at = [
        {"name": "phone", "min_width": 0, "columns": 4, "viewport_height": 800},
        {"name": "wide", "min_width": 1200, "columns": 12, "viewport_height": 800},
    ]
    surface = parse(
        {
            "slug": "page",
            "row_height": 100,
            "breakpoints": at,
            "guardrails": {"sizes": True, "move_budget": 3, **guardrails},
            "blocks": [{"id": f"b{i}", "sizes": sizes} for i in range(6)],
        }
    )
    profile = Profile()
    for day in range(TODAY - visits, TODAY):
        fold_visit(profile, day, ["b5"], list(surface.index))
    share = np.array([0.01] * 5 + [0.95])
    ones = np.ones(6, dtype=np.int64)
    return Request(surface, profile, Popularity(), TODAY, visit="v"), Prediction(
        (0,), share, share, share, share, share, ones, 0, 0.0
    )


def decided(request, prediction):
    decision = engine.choose(request, prediction, "v")
    assert check(engine.guardrail_case(request, decision)) == ()
    return decision


def test_what_is_not_used_gets_smaller_where_that_brings_what_is_used_nearer():
    request, prediction = person()
    decision = decided(request, prediction)
    assert decision.stability.resized
    assert len({*decision.stability.moved, *decision.stability.resized}) <= 3
    assert all(decision.layout.sizes[b] == 0 for b in decision.stability.resized if b != "b5")
    default = energies(request, prediction, [decision.layout.order], {})[0]
    assert decision.energy < default


def test_the_energy_holds_no_charge_on_used_blocks_that_must_wait_behind_unused_ones():
    """The move budget lets one of the two used blocks pass the unused ones of their group."""
    request, prediction = person(move_budget=2)
    surface = replace(
        request.surface,
        groups=("head", "rest"),
        blocks=tuple(
            replace(b, group="rest" if i else "head") for i, b in enumerate(request.surface.blocks)
        ),
    )
    fold_visit(request.profile, TODAY - 1, ["b4"], list(surface.index))
    request = replace(request, surface=surface)
    for sizes in [{}, {"b1": 2, "b2": 2, "b3": 2}]:
        request.profile.sizes = sizes
        plan = planner.plan(request, prediction)
        found = energies(request, prediction, [plan.order], plan.sizes)[0]
        assert plan.energy == pytest.approx(found)
        assert abs(plan.stability.saves_seconds) < 100


def test_off_is_the_decision_of_before():
    request, prediction = person(sizes=False)
    request.profile.sizes = {"b1": 0}
    request.profile.feedback.own_sizes = {"b2": {"wide": (6, 2)}}
    plain = replace(request, profile=replace(request.profile, sizes={}))
    assert decided(request, prediction) == decided(plain, prediction)
    assert decided(request, prediction).layout.sizes == {}
    assert {(p.w, p.h) for p in decided(request, prediction).layout.placements["wide"]} == {(12, 4)}


@pytest.mark.parametrize("visits", [1, 2])
def test_nobody_who_came_less_than_three_times_sees_another_size(visits):
    assert decided(*person(visits)).layout.sizes == {}


def test_a_budget_of_one_keeps_the_sizes_of_before():
    request, prediction = person()
    request.profile.sizes = {"b1": 0}
    assert decided(replace(request, budget=1), prediction).layout.sizes == {"b1": 0}


def test_a_minimum_of_one_cell_is_no_size_to_take():
    request, prediction = person()
    blocks = tuple(
        replace(
            block,
            sizes={
                n: replace(limits, min=type(limits.min)(1, 1)) for n, limits in block.sizes.items()
            },
        )
        for block in request.surface.blocks
    )
    unnamed = replace(request.surface, blocks=blocks)
    decision = decided(replace(request, surface=unnamed), prediction)
    assert 0 not in decision.layout.sizes.values()


def test_pinned_and_own_and_taken_back_sizes_stay_and_others_may_change():
    request, prediction = person(move_budget=6)
    feedback = request.profile.feedback
    feedback.pins.update({"b0": Pin(0), "b5": Pin(5)})  # so what is above b5 had better shrink
    feedback.own_sizes = {"b1": {"wide": (8, 3)}}
    feedback.kept_sizes = {"b2": TODAY + 1, "b3": TODAY}
    decision = decided(request, prediction)
    assert not {"b0", "b1", "b2"} & {*decision.layout.sizes}
    assert "b3" in decision.layout.sizes
    boxes = {at: {p.id: (p.w, p.h) for p in of} for at, of in decision.layout.placements.items()}
    assert boxes["wide"]["b1"] == (8, 3)
    assert boxes["phone"]["b1"] == (4, 4)


def test_a_frozen_page_keeps_its_sizes_and_a_plain_one_has_the_default_ones():
    request, prediction = person()
    request.profile.sizes = {"b1": 0}
    request.profile.feedback.frozen = True
    assert decided(request, prediction).layout.sizes == {"b1": 0}
    request.profile.feedback.plain = True
    assert decided(request, prediction).layout.sizes == {}


def test_an_order_by_hand_holds_the_sizes_of_its_page():
    request, prediction = person()
    feedback = request.profile.feedback
    feedback.override, feedback.override_visit = tuple(reversed(request.surface.index)), "v"
    feedback.override_sizes = {"b4": 2}
    assert decided(request, prediction).layout.sizes == {"b4": 2}


def test_a_new_size_leaves_half_of_what_was_learned():
    request, _ = person()
    known = request.profile.familiarity["b5"]
    fold_visit(request.profile, TODAY, ["b0"], request.profile.order, {"b5": 2})
    assert request.profile.familiarity["b5"] == known * VALUES["resize_kept"]
    fold_visit(request.profile, TODAY, ["b0"], request.profile.order, {"b5": 2})
    assert request.profile.familiarity["b5"] == known * VALUES["resize_kept"]


def test_the_reason_says_how_often_a_block_of_another_size_was_used():
    request, prediction = person()
    decision = decided(request, prediction)
    said = {r.block: r for r in decision.reasons if r.code in ("larger", "smaller")}
    assert set(said) == set(decision.layout.sizes)
    for block_id, size_class in decision.layout.sizes.items():
        assert said[block_id].code == ("larger" if size_class == 2 else "smaller")
        uses = 8 if block_id == "b5" else 0
        assert said[block_id].values == {"title": block_id, "uses": uses, "visits": 8}


def test_a_drawn_order_keeps_its_propensity_with_new_sizes():
    request, prediction = person(exploration=0.2)
    off = replace(request.surface, guardrails=replace(request.surface.guardrails, sizes=False))
    for seed in range(20):
        drawn = decided(replace(request, seed=seed), prediction)
        plain = decided(replace(request, seed=seed, surface=off), prediction)
        assert drawn.layout.order in [c.order for c in drawn.candidates]
        chance = {c.order: c.propensity for c in drawn.candidates}[drawn.layout.order]
        assert drawn.propensity == chance
        assert plain.candidates
