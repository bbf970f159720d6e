from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uiengine.guardrails.facts import page
from tests.uiengine.strategies import profiles_of, surfaces
from uiengine.behaviour.profile import Pin
from uiengine.page.reading_order import apply_pins, complete, default_order


@settings(max_examples=100)
@given(st.data())
def test_holding_pins_gives_a_permutation_and_changes_nothing_twice(data):
    surface = data.draw(surfaces())
    pins = data.draw(profiles_of(surface)).feedback.pins
    order = tuple(data.draw(st.permutations([b.id for b in surface.blocks])))

    held = apply_pins(surface, order, pins)

    assert sorted(held) == sorted(order)
    assert apply_pins(surface, held, pins) == held


def test_a_pin_takes_its_rank_or_the_nearest_in_its_group():
    surface = page({"id": "a", "group": "g"}, {"id": "b"}, {"id": "c"}, groups=["g"])
    assert apply_pins(surface, ("a", "b", "c"), {"c": Pin(1)}) == ("a", "c", "b")
    assert apply_pins(surface, ("a", "b", "c"), {"c": Pin(0)}) == ("a", "c", "b")


def test_added_blocks_enter_after_their_declared_predecessor_and_removed_ones_leave():
    surface = page({"id": "a"}, {"id": "new"}, {"id": "b"})
    assert complete(surface, ("gone", "b", "a")) == ("b", "a", "new")
    assert complete(surface, ()) == ("a", "new", "b")


def test_the_default_order_is_the_declared_one_by_groups():
    surface = page({"id": "a"}, {"id": "b", "group": "g"}, groups=["g"])
    assert default_order(surface) == ("b", "a")
