"""Folding, decay and merging: exact, in any order of merging, in O(blocks touched)."""

from __future__ import annotations

import copy as copies

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uiengine.behaviour import merging, profile_json
from uiengine.behaviour import profile as profiles
from uiengine.behaviour.profile import Pin, Profile, Undone, fold_visit

BLOCKS = ["a", "b", "c", "d"]
visits = st.lists(
    st.tuples(st.integers(0, 200), st.sets(st.sampled_from(BLOCKS), min_size=1)), max_size=12
)


def folded(history) -> Profile:
    profile = Profile()
    for day, blocks in history:
        fold_visit(profile, day, blocks)
    return profile


@given(visits)
def test_day_counters_are_the_decayed_sums_of_uses(history):
    """The definition: Σ 2^(−Δ/h) over the visits that used the block."""
    profile = folded(sorted(history, key=lambda v: v[0]))
    for block_id, counters in profile.blocks.items():
        days = [day for day, blocks in history if block_id in blocks]
        for h, value in zip((2, 7, 28), profiles.day_uses_at(counters, 300), strict=True):
            assert value == pytest.approx(sum(2 ** (-(300 - d) / h) for d in days))
        assert counters.uses == len(days)


@given(visits)
def test_visit_counters_are_the_decayed_sums_of_shares(history):
    profile = folded(history)
    for block_id, counters in profile.blocks.items():
        for h, value in zip(
            (4, 20), profiles.visit_shares_at(counters, profile.visits), strict=True
        ):
            expected = sum(
                2 ** (-(len(history) - n) / h) / len(blocks)
                for n, (_, blocks) in enumerate(history, start=1)
                if block_id in blocks
            )
            assert value == pytest.approx(expected)


@given(visits)
def test_day_counters_do_not_depend_on_the_order_of_arrival(history):
    one, other = folded(history), folded(history[::-1])
    for block_id in one.blocks:
        assert profiles.day_uses_at(one.blocks[block_id], 200) == pytest.approx(
            profiles.day_uses_at(other.blocks[block_id], 200)
        )
    assert profiles.day_visits_at(one, 200) == pytest.approx(profiles.day_visits_at(other, 200))


@given(visits, visits)
def test_merging_commutes_and_equals_folding_both_histories(one, other):
    left = merging.merge(folded(one), folded(other))
    right = merging.merge(folded(other), folded(one))
    both = folded(sorted([*one, *other], key=lambda v: v[0]))

    assert left == right
    assert left.visits == both.visits
    assert left.blocks.keys() == both.blocks.keys()
    for block_id, counters in both.blocks.items():
        assert profiles.day_uses_at(left.blocks[block_id], 200) == pytest.approx(
            profiles.day_uses_at(counters, 200)
        )
        assert left.blocks[block_id].uses == counters.uses


@given(visits, visits)
def test_merging_histories_that_follow_one_another_is_exact(one, other):
    later = [(day + 201, blocks) for day, blocks in sorted(other, key=lambda v: v[0])]
    earlier = sorted(one, key=lambda v: v[0])
    first, second = folded(earlier), folded(later)
    first.last_event, second.last_event = 1.0, 2.0

    merged = merging.merge(first, second)

    both = folded([*earlier, *later])
    for block_id, counters in both.blocks.items():
        assert profiles.visit_shares_at(merged.blocks[block_id], merged.visits) == pytest.approx(
            profiles.visit_shares_at(counters, both.visits)
        )
        assert merged.blocks[block_id].last_share == counters.last_share


def test_a_block_counts_once_per_visit():
    profile = Profile()
    profiles.open_visit(profile, "v", 5, ("a", "b"))
    for _ in range(3):
        profiles.add_use(profile, "a")
    profiles.close_visit(profile)
    assert profile.blocks["a"].uses == 1 and profile.familiarity == {"a": 1.0}


def test_uses_of_an_open_visit_do_not_count_yet():
    profile = folded([(1, {"a"})])
    before = copies.deepcopy(profile.blocks)
    profiles.open_visit(profile, "v", 2)
    profiles.add_use(profile, "b")
    assert profile.blocks == before and profile.visits == 1


def test_a_late_use_adds_its_decayed_weight():
    profile = folded([(28, {"a"})])
    profiles.add_late_use(profile, "a", 0)
    assert profiles.day_uses_at(profile.blocks["a"], 28)[2] == pytest.approx(1.5)
    assert profile.first_day == 0 and profile.visits == 1


def test_moving_by_one_rank_halves_familiarity_and_farther_loses_it():
    profile = Profile(order=("a", "b", "c", "d"), familiarity=dict.fromkeys(BLOCKS, 8.0))
    profiles.show_order(profile, ("b", "a", "d", "c"))
    assert profile.familiarity == dict.fromkeys(BLOCKS, 4.0)
    profiles.show_order(profile, ("d", "a", "b", "c"))
    assert profile.familiarity == {"a": 4.0, "b": 0.0, "c": 4.0, "d": 0.0}


def test_folding_touches_only_the_blocks_used():
    """The counters of all other blocks are identical objects, so folding is O(blocks touched)."""
    profile = folded([(1, {f"b{i}" for i in range(200)})])
    kept = {b: copies.copy(c) for b, c in profile.blocks.items() if b != "b7"}
    fold_visit(profile, 2, ["b7"])
    assert {b: profile.blocks[b] for b in kept} == kept


@given(visits)
def test_json_gives_the_same_profile_back(history):
    profile = folded(history)
    profiles.open_visit(profile, "v", 201, tuple(BLOCKS))
    profiles.add_use(profile, "a")
    profile.feedback.pins["b"] = Pin(1, "wide", 0, 2)
    profile.feedback.undone = (Undone("c", 2, 40),)
    profile.feedback.override, profile.feedback.override_visit = tuple(BLOCKS), "v"

    assert profile_json.load(profile_json.dump(profile)) == profile
    assert profiles.copy(profile) == profile


def test_of_what_two_profiles_wish_of_a_block_the_later_holds():
    earlier, later = folded([(1, {"a"})]), folded([(2, {"a"})])
    earlier.feedback.pins = {"a": Pin(1), "b": Pin(0)}
    earlier.feedback.tray = {"d": 3, "c": 2}
    later.feedback.tray = {"b": 1}
    later.feedback.pins = {"d": Pin(2)}
    earlier.feedback.own_sizes = {"a": {"phone": (2, 2), "wide": (3, 3)}}
    later.feedback.own_sizes = {"a": {"wide": (6, 4)}}
    merged = merging.merge(later, earlier).feedback
    assert merged.pins == {"a": Pin(1), "d": Pin(2)}
    assert list(merged.tray.items()) == [("c", 2), ("b", 1)]
    assert merged.own_sizes == {"a": {"phone": (2, 2), "wide": (6, 4)}}


def test_a_tray_of_an_earlier_release_is_read():
    profile = Profile()
    profile.feedback.tray = {"b": 1, "a": 0}
    data = profile_json.dump(profile)
    assert list(profile_json.load(data).feedback.tray) == ["b", "a"]
    data["feedback"]["tray"] = {"b": 1, "a": 0}
    assert profile_json.load(data) == profile
