"""Every decision satisfies every guardrail, and equal requests get equal decisions."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from tests.uiengine.strategies import requests
from uiengine import engine
from uiengine.behaviour.profile import copy
from uiengine.guardrails import check
from uiengine.page.feasibility import clashes


@settings(max_examples=300)
@given(requests())
def test_no_decision_breaks_a_guardrail(case):
    request, prediction = case
    assert clashes(request.surface) == ()

    decision = engine.choose(request, prediction, "v1")

    assert check(engine.guardrail_case(request, decision)) == ()


@settings(max_examples=50)
@given(requests())
def test_the_same_request_gives_the_same_decision(case):
    request, prediction = case
    again = replace(request, profile=copy(request.profile))
    assert engine.choose(request, prediction, "v1") == engine.choose(again, prediction, "v1")


@settings(max_examples=50)
@given(requests())
def test_asking_for_variants_changes_nothing_that_is_served(case):
    request, prediction = case
    plain = engine.choose(request, prediction, "v1")
    reversed_share = replace(prediction, score=-prediction.score)

    asked = engine.choose(replace(request, variants=5), prediction, "v1", [reversed_share])

    assert replace(asked, variants=()) == plain
    orders = [v.layout.order for v in asked.variants]
    assert len(set(orders)) == len(orders) <= 5
    for variant in asked.variants:
        shown = replace(asked, layout=variant.layout)
        assert check(engine.guardrail_case(request, shown)) == ()


@settings(max_examples=50)
@given(requests())
def test_a_frozen_subject_keeps_the_layout(case):
    request, prediction = case
    request.profile.feedback.frozen = True

    decision = engine.choose(request, prediction, "v1")

    assert decision.status == "frozen"
    assert decision.layout.order == engine.last_order(request)


@settings(max_examples=50)
@given(requests())
def test_without_profiling_the_order_is_the_default_with_pins_whatever_was_learned(case):
    request, prediction = case
    feedback = request.profile.feedback
    feedback.plain, feedback.override = True, ()

    decision = engine.choose(request, prediction, "v1")

    default = engine.default_order(request.surface)
    assert decision.status == "plain"
    assert decision.layout.order == engine.apply_pins(request.surface, default, feedback.pins)
    assert check(engine.guardrail_case(request, decision)) == ()


@settings(max_examples=50)
@given(requests())
def test_an_order_set_by_hand_holds_for_its_visit_only(case):
    request, prediction = case
    feedback = request.profile.feedback
    feedback.pins.clear()
    by_hand = tuple(reversed(engine.last_order(request)))
    feedback.override, feedback.override_visit, feedback.frozen = by_hand, "v", False

    held = engine.choose(request, prediction, "v1")

    assert held.layout.order == engine.apply_pins(request.surface, by_hand, {})
    assert engine.fixed_order(replace(request, visit="next")) is None


@settings(max_examples=50)
@given(requests())
def test_without_a_version_pins_hold_over_the_default_layout(case):
    request, _ = case
    feedback = request.profile.feedback
    feedback.frozen, feedback.override = False, ()

    held = engine.fixed_layout(request)

    default = engine.default_order(request.surface)
    assert held.status == "default"
    assert held.layout.order == engine.apply_pins(request.surface, default, feedback.pins)
