"""What a person uses stands before what they never used in its group, as far as rules allow."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from tests.uiengine.strategies import requests
from uiengine import engine
from uiengine.behaviour.profile import Feedback
from uiengine.page.surface import GuardrailSettings
from uiengine.search.assignment import last_order


def strangers_ahead(request, order) -> int:
    """Counts pairs of a used block and a never used one before it in its group."""
    surface = request.surface
    group = {b.id: g for b, g in zip(surface.blocks, surface.group_ranks, strict=True)}
    free = [b for b in order if not surface.block(b).is_pinned]
    return sum(
        group[one] == group[other] and one not in request.profile.blocks
        for place, other in enumerate(free)
        if other in request.profile.blocks
        for one in free[:place]
    )


def with_budget(request, budget: int):
    """The request with this move budget, on a page whose blocks bear no mark that forbids moves."""
    rules = GuardrailSettings(budget, request.surface.guardrails.min_target_px)
    blocks = tuple(replace(b, navigation=False, help=False) for b in request.surface.blocks)
    surface = replace(request.surface, guardrails=rules, blocks=blocks)
    return replace(request, surface=surface, budget=32)


@settings(max_examples=150)
@given(requests())
def test_no_stranger_stands_before_a_used_block_where_nothing_forbids_to_move_it(case):
    request, prediction = case
    request.profile.feedback = Feedback()
    request = with_budget(request, len(request.surface.blocks))

    order = engine.choose(request, prediction, "v").layout.order

    if request.surface.is_grouped:
        assert strangers_ahead(request, order) == 0


@settings(max_examples=150)
@given(requests())
def test_a_small_budget_repairs_a_part_and_makes_nothing_worse(case):
    request, prediction = case
    request.profile.feedback = Feedback()
    request = with_budget(request, 2)

    order = engine.choose(request, prediction, "v").layout.order

    if request.surface.is_grouped and request.profile.order:
        before = strangers_ahead(request, last_order(request))
        after = strangers_ahead(request, order)
        assert after < before or after == before == 0


@settings(max_examples=150)
@given(requests())
def test_a_change_saves_the_least_gain_for_each_block_or_repairs_the_order(case):
    request, prediction = case
    request = replace(request, budget=32)

    decision = engine.choose(request, prediction, "v")

    moved = decision.stability.moved
    if moved and decision.energy is not None:
        repaired = request.surface.is_grouped and strangers_ahead(request, last_order(request))
        assert repaired or decision.stability.saves_seconds >= 0.022 * len(moved) - 1e-9
