"""A user's wish takes effect at once and raises the generation."""

from __future__ import annotations

import json

from tests.uiengine.guardrails.facts import page
from uiengine.behaviour import feedback
from uiengine.behaviour.profile import Pin, Profile
from uiengine.behaviour.profile_json import dump, load
from uiengine.page.reading_order import apply_pins, default_order


def shown(*order: str) -> Profile:
    return Profile(order=order, visits=3, familiarity=dict.fromkeys(order, 4.0))


def test_a_moved_block_stays_where_it_was_put():
    profile = shown("a", "b", "c")
    feedback.move(profile, "c", 0, order=profile.order, visit="v")
    assert profile.feedback.override == profile.order == ("c", "a", "b")
    assert profile.feedback.pins == {"c": Pin(0)}
    assert profile.feedback.generation == 1


def test_undo_returns_to_the_layout_before_and_remembers_it_for_28_days():
    profile = shown("b", "a", "c")
    feedback.undo(profile, order=("b", "a", "c"), before=("a", "b", "c"), visit="v", day=10)
    assert profile.order == ("a", "b", "c")
    taken_back = {(u.block, u.rank, u.until_day) for u in profile.feedback.undone}
    assert taken_back == {("b", 0, 38), ("a", 1, 38)}


def test_undo_takes_the_users_own_move_back_and_keeps_other_pins():
    profile = shown("a", "b", "c", "d")
    feedback.pin(profile, "d", Pin(3))
    feedback.remember(profile, profile.order)
    feedback.move(profile, "c", 0, order=profile.order, visit="v")
    feedback.undo(profile, order=profile.order, before=("a", "b", "c", "d"), visit="v", day=10)
    assert profile.order == ("a", "b", "c", "d")
    assert profile.feedback.pins == {"d": Pin(3)}
    assert profile.feedback.undone == (), "the engine may still propose what the user tried"
    assert profile.familiarity == dict.fromkeys("abcd", 4.0), "and nothing was unlearnt"


def test_undo_of_nothing_changes_nothing():
    profile = shown("a", "b")
    feedback.undo(profile, order=("a", "b"), before=("a", "b"), visit="v", day=10)
    assert profile == shown("a", "b")


def test_steps_survive_a_row_of_json():
    profile = shown("a", "b", "c")
    feedback.pin(profile, "b", Pin(1, "phone", 0, 2))
    feedback.remember(profile, profile.order)
    assert load(json.loads(json.dumps(dump(profile)))) == profile


def test_reset_clears_pins_and_keeps_history():
    profile = shown("c", "b", "a")
    feedback.pin(profile, "c", Pin(0))
    feedback.reset(profile, default=("a", "b", "c"), visit="v")
    assert profile.feedback.pins == {} and profile.order == ("a", "b", "c")
    assert profile.visits == 3 and profile.feedback.generation == 2


def test_unpin_and_freeze():
    profile = shown("a", "b")
    feedback.pin(profile, "a", Pin(0))
    feedback.unpin(profile, "a")
    feedback.freeze(profile, on=True)
    assert profile.feedback.pins == {} and profile.feedback.frozen


def test_of_two_moves_to_one_rank_the_newest_wins_whatever_the_names():
    for first, second in (("content", "pages"), ("pages", "content")):
        surface = page(*({"id": b} for b in ("a", "b", first, "c", second)))
        profile = Profile()
        order = default_order(surface)
        for block_id in (first, second):
            feedback.move(profile, block_id, 1, order=order, visit="v")
            order = apply_pins(surface, profile.feedback.override, profile.feedback.pins)
            assert order == profile.feedback.override
        assert order == ("a", second, first, "b", "c")
        assert apply_pins(surface, default_order(surface), profile.feedback.pins) == order


def test_a_block_moved_down_past_a_held_one_takes_its_rank():
    surface = page(*({"id": b} for b in "abcd"))
    profile = Profile()
    feedback.move(profile, "c", 1, order=default_order(surface), visit="v")
    feedback.move(profile, "a", 1, order=profile.feedback.override, visit="v")
    assert profile.feedback.override == ("c", "a", "b", "d")
    held = apply_pins(surface, profile.feedback.override, profile.feedback.pins)
    assert held == profile.feedback.override
