"""Folding and putting away: by the person alone, within the rules; and what may be suggested."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uiengine.strategies import decoded_for, profiles_of, surfaces
from uiengine import engine
from uiengine.behaviour import feedback, put_away
from uiengine.behaviour.merging import merge
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import (
    BlockUse,
    Pin,
    Profile,
    Suggested,
    copy,
    fold_visit,
)
from uiengine.behaviour.profile_json import dump, load
from uiengine.book.choice import has_wishes
from uiengine.guardrails import check
from uiengine.model.prediction import Prediction
from uiengine.page.surface import to_json
from uiengine.page.surface_json import parse
from uiengine.put_away import LEAST_DAYS, LEAST_VISITS, PAUSE_DAYS, page_of, suggestion
from uiengine.request import Request

TODAY = 100
IDS = ("bar", "mail", "news", "map", "forum")


def page(is_allowed: bool = True, **more: dict):
    """Five blocks; `bar` is required."""
    return parse(
        {
            "slug": "home",
            "row_height": 60,
            "breakpoints": [
                {"name": "wide", "min_width": 0, "columns": 12, "viewport_height": 800}
            ],
            "guardrails": {"put_away": is_allowed},
            "blocks": [
                {"id": b, "required": b == "bar", "sizes": {"*": {"default": [6, 3]}}, **more}
                for b in IDS
            ],
        }
    )


def guess(surface, demand: float = 0.0, is_guess: bool = True) -> Prediction:
    count = len(surface.blocks)
    share, classes = np.full(count, 1 / count), np.ones(count, dtype=np.int64)
    low = np.full(count, demand)
    return Prediction((0,), share, low, share, share, share, classes, 0, 0.0, is_guess)


@st.composite
def with_wishes(draw):
    """A random person on a random page that allows it, some of whose blocks are required."""
    surface = draw(surfaces())
    needed = draw(st.sets(st.sampled_from([b.id for b in surface.blocks])))
    surface = replace(
        surface,
        guardrails=replace(surface.guardrails, put_away=True),
        blocks=tuple(replace(b, required=b.id in needed) for b in surface.blocks),
    )
    profile = draw(profiles_of(surface))
    ids = st.sampled_from([b.id for b in surface.blocks])
    profile.feedback.tray = dict(draw(st.lists(st.tuples(ids, st.integers(0, 9)), max_size=4)))
    profile.feedback.folded = tuple(draw(st.sets(ids, max_size=3)))
    return surface, profile, draw(decoded_for(page_of(surface, profile.feedback)))


@settings(max_examples=60)
@given(with_wishes())
def test_all_rules_hold_on_the_page_that_is_left_and_no_required_block_is_missing(case):
    whole, profile, prediction = case
    mine = page_of(whole, profile.feedback)
    request = Request(mine, profile, Popularity(), TODAY, visit="v")

    decision = engine.choose(request, prediction, "v1")

    assert check(engine.guardrail_case(request, decision)) == ()
    missing = set(whole.index) - set(decision.layout.order)
    assert missing <= set(profile.feedback.tray), "the engine puts nothing away"
    stays = {b.id for b in whole.blocks if b.required or b.is_pinned}
    assert not missing & stays
    for at in mine.breakpoints:
        low = mine.smallest_target(at).h
        for placed in decision.layout.placements[at.name]:
            if placed.id in set(profile.feedback.folded) - stays:
                assert placed.h == low


def test_where_the_owner_does_not_allow_it_the_page_stays_whole():
    profile = Profile()
    profile.feedback.tray, profile.feedback.folded = {"mail": 1}, ("map",)
    off = page(is_allowed=False)
    assert page_of(off, profile.feedback) is off
    assert not has_wishes(Request(off, profile, Popularity(), TODAY))
    assert has_wishes(Request(page(), profile, Popularity(), TODAY))


def test_a_block_that_the_team_came_to_require_is_back_at_once():
    profile = Profile()
    profile.feedback.tray = {"bar": 0, "mail": 1}
    assert list(page_of(page(), profile.feedback).index) == ["bar", "news", "map", "forum"]


def test_a_page_is_never_without_a_block():
    profile, order = Profile(), ("mail",)
    assert put_away.put_away(profile, "mail", order, "v", TODAY) == order
    free = parse({**to_json(page()), "blocks": [{"id": "mail"}]})
    profile.feedback.tray = {"mail": 0}
    assert page_of(free, profile.feedback) is free


@given(st.permutations(IDS), st.lists(st.sampled_from(IDS), min_size=1, max_size=4, unique=True))
def test_bringing_all_back_in_reverse_gives_the_order_and_the_pins_of_before(order, away):
    profile = Profile()
    held = next(b for b in order if b not in away)
    feedback.pin(profile, held, Pin(list(order).index(held)))
    before, shown = dict(profile.feedback.pins), tuple(order)
    for block in away:
        shown = put_away.put_away(profile, block, shown, "v", TODAY)
        assert shown.index(held) == profile.feedback.pins[held].rank, "it stays pinned in place"
    assert set(shown) == set(order) - set(away)
    for block in reversed(away):
        shown = put_away.bring_back(profile, block, shown)
    assert (shown, profile.feedback.pins) == (tuple(order), before)
    assert not profile.feedback.tray


def test_undo_and_reset_bring_back_what_was_folded_and_put_away():
    profile = Profile(order=IDS)
    feedback.remember(profile, IDS)
    put_away.fold(profile, "map", IDS)
    feedback.remember(profile, IDS)
    put_away.put_away(profile, "mail", IDS, "v", TODAY)
    feedback.undo(profile, order=IDS, before=IDS, visit="v", day=TODAY)
    assert (profile.feedback.tray, profile.feedback.folded) == ({}, ("map",))
    assert profile.feedback.override == IDS
    put_away.put_away(profile, "mail", IDS, "v", TODAY)
    feedback.reset(profile, default=IDS, visit="v")
    assert (profile.feedback.tray, profile.feedback.folded) == ({}, ())


def known(visits: int = LEAST_VISITS, last_day: int = TODAY - 1) -> Profile:
    """Used mail and map once, then news for `visits` visits up to `last_day`."""
    profile = Profile()
    for block in ("map", "mail"):
        fold_visit(profile, last_day - LEAST_DAYS, {block}, IDS)
    for number in range(visits):
        fold_visit(profile, last_day - visits + number + 1, {"news"}, IDS)
    return profile


def suggested(profile: Profile, visit: str = "v", day: int = TODAY, **more):
    mine = page_of(more.pop("surface", page()), profile.feedback)
    request = Request(mine, profile, Popularity(), day, visit=visit)
    found = suggestion(request, guess(mine, **more))
    return found and found.block


def test_the_longest_unused_block_is_suggested_but_never_one_that_was_not_used_or_is_required():
    profile = known()
    assert suggested(profile) == "map"
    profile.blocks["bar"] = BlockUse(uses=1)  # required, and unused for longest
    assert suggested(profile) == "map"
    assert suggested(Profile()) is None
    assert suggested(known(), surface=page(is_allowed=False)) is None


def test_nothing_is_suggested_before_long_disuse():
    assert suggested(known(visits=LEAST_VISITS - 2)) is None
    assert suggested(known(), day=TODAY - 2) is None


def test_a_block_that_the_version_expects_stays():
    assert suggested(known(), demand=0.2, is_guess=False) is None
    assert suggested(known(), demand=0.01, is_guess=False) == "map"


def test_each_is_suggested_at_one_visit_one_a_visit_and_not_every_day():
    profile = known()
    put_away.remember_suggested(profile, "map", "v", TODAY)
    assert suggested(profile) == "map", "a reload says the same"
    assert suggested(profile, "w", TODAY + PAUSE_DAYS - 1) is None
    assert suggested(profile, "w", TODAY + PAUSE_DAYS) == "mail"


def test_a_no_is_remembered_over_reset_merging_and_storage():
    profile = known()
    put_away.decline(profile, "map", "v", TODAY)
    assert suggested(profile) is None, "no second one in its place"
    feedback.reset(profile, default=IDS, visit="v")
    both = load(dump(merge(profile, known())))
    for person in (profile, both):
        assert suggested(person, "w", TODAY + PAUSE_DAYS) == "mail"


def test_what_was_put_away_and_brought_back_is_not_suggested():
    profile = known()
    shown = put_away.put_away(profile, "map", IDS, "v", TODAY)
    put_away.bring_back(profile, "map", shown)
    assert suggested(profile, "w", TODAY + PAUSE_DAYS) == "mail"


@pytest.mark.parametrize("wish", ["pin", "fold"])
def test_a_block_with_a_wish_of_its_own_is_not_suggested(wish):
    profile = known()
    if wish == "pin":
        feedback.pin(profile, "map", Pin(3))
    else:
        put_away.fold(profile, "map", IDS)
    assert suggested(profile) == "mail"


def test_storage_and_copies_keep_all_of_it():
    profile = known()
    feedback.remember(profile, IDS)
    put_away.fold(profile, "news", IDS)
    put_away.put_away(profile, "mail", IDS, "v", TODAY)
    put_away.decline(profile, "map", "v", TODAY)
    feedback.remember(profile, IDS)
    assert load(dump(profile)) == profile
    twin = copy(profile)
    twin.feedback.tray.clear()
    twin.feedback.suggested["forum"] = Suggested("v", 1)
    assert "mail" in profile.feedback.tray and "forum" not in profile.feedback.suggested


def test_the_setting_is_part_of_the_surfaces_json():
    assert parse(to_json(page())).guardrails.put_away
    assert "put_away" not in to_json(page(is_allowed=False))["guardrails"]
