"""Reasons are true of the events, or are not said: at most three, in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uiengine.guardrails.facts import page
from tests.uiengine.strategies import requests
from uiengine.behaviour.feedback import move
from uiengine.behaviour.popularity import Popularity, first_in_period, fold_day
from uiengine.behaviour.profile import Pin, Profile, add_late_use, fold_visit
from uiengine.engine import choose
from uiengine.explain import SENTENCES, sentence
from uiengine.model.prediction import Prediction
from uiengine.request import Request

TODAY = 300
SURFACE = page(*({"id": name, "title": name.title()} for name in ("news", "forum", "mail")))
OF_OTHERS = {"popular", "predicted", "first_visit"}


@dataclass
class Site:
    """Visits of one page, (person, day, blocks), in time order; `me` is the one who is shown it."""

    events: list[tuple[str, int, tuple[str, ...]]] = field(default_factory=list)

    def profile(self, order=()) -> Profile:
        profile = Profile(order=tuple(order))
        for person, day, blocks in self.events:
            if person == "me":
                fold_visit(profile, day, blocks, order)
        return profile

    def popularity(self) -> Popularity:
        found, last, visits = Popularity(), dict[str, int](), Counter[str]()
        for day in sorted({day for _, day, _ in self.events}):
            today = [(p, blocks) for p, d, blocks in self.events if d == day]
            shares, newcomers, people = Counter[str](), Counter[str](), 0
            for person, blocks in today:
                people += first_in_period(day, last.get(person))
                for block in blocks:
                    shares[block] += 1 / len(blocks)
                    newcomers[block] += (visits[person] < 3) / len(blocks)
                last[person] = day
                visits[person] += 1
            found = fold_day(found, day, shares, len(today), newcomers, people)
        return found

    def others_lately(self) -> int:
        """Other people who came within 56 days, counted from the events."""
        return len({p for p, day, _ in self.events if p != "me" and day >= TODAY - 56})


def others(people: int, block: str, days=(TODAY - 9, TODAY - 5, TODAY - 2)) -> list:
    return [(f"p{i}", day, (block,)) for day in days for i in range(people)]


def mine(days: int, *blocks: str) -> list:
    return [("me", day, blocks) for day in range(TODAY - days, TODAY)]


def decided(site: Site, demand=(0.05, 0.9, 0.05), *, is_guess=False, profile=None):
    values = np.array(demand)
    share, sizes = values / values.sum(), np.ones(len(demand), dtype=np.int64)
    prediction = Prediction((0,), share, values, share, share, share, sizes, 0, 0.0, is_guess)
    profile = site.profile() if profile is None else profile
    return choose(Request(SURFACE, profile, site.popularity(), TODAY), prediction, "v")


def why(decision) -> dict:
    return {reason.block: reason for reason in decision.reasons}


def test_most_visits_are_counted():
    site = Site([*mine(4, "news"), *mine(3, "forum")])
    reason = why(decided(Site(mine(8, "forum"))))["forum"]
    assert sentence(reason) == "You use Forum in most of your visits: in 8 of 8."
    assert "most_visits" not in {r.code for r in decided(site).reasons}  # 3 of 7


@pytest.mark.parametrize(("visits", "code"), [(1, "last_visit"), (2, "last_visit")])
def test_one_or_two_visits_are_not_most_visits(visits, code):
    assert why(decided(Site(mine(visits, "forum"))))["forum"].code == code


def test_some_visits_are_counted():
    events = [("me", day, ("forum" if day % 3 == 0 else "news",)) for day in range(290, 300)]
    reason = why(decided(Site(events), (0.2, 0.8, 0.1)))["forum"]
    used = sum("forum" in blocks for _, _, blocks in events)
    assert sentence(reason) == f"You come back to Forum: you used it in {used} of 10 visits."


def test_what_was_used_long_ago_was_used_before():
    events = [("me", 5, ("forum",)), *mine(10, "news")]
    assert sentence(why(decided(Site(events)))["forum"]) == "You have used Forum here before."


def test_a_late_use_is_not_one_of_the_last_visit():
    profile = Site([("me", 290, ("news",)), ("me", 299, ("news",))]).profile()
    add_late_use(profile, "forum", 290)
    assert why(decided(Site(), profile=profile))["forum"].code == "used"


def test_a_pin_is_the_users_own_word():
    profile = Profile()
    profile.feedback.pins["forum"] = Pin(0)
    assert sentence(why(decided(Site(), profile=profile))["forum"]) == "You pinned Forum here."


def test_what_climbs_because_the_user_moved_another_has_no_other_reason():
    profile = Site(mine(3, "mail")).profile(("news", "forum", "mail"))
    move(profile, "news", 2, order=profile.order, visit="x")
    said = why(decided(Site(others(20, "forum")), (0.1, 0.1, 0.8), profile=profile))
    assert said["news"].code == "pinned"
    assert "forum" not in said or said["forum"].code == "kept"


def test_newcomers_are_told_of_other_newcomers_with_their_share():
    site = Site(others(30, "forum"))
    reason = why(decided(site))["forum"]
    assert reason.code == "first_visit"
    assert (reason.values["percent"], site.others_lately()) == (100, 30)
    assert 10 <= reason.values["people"] <= 30


def test_what_others_use_is_said_with_their_number():
    site = Site(sorted([*others(12, "forum"), *mine(6, "mail")], key=lambda event: event[1]))
    reason = why(decided(site, (0.0, 0.9, 0.1)))["forum"]
    uses = [(TODAY - day, blocks[0]) for _, day, blocks in site.events]
    weight = {
        b: sum(2 ** (-ago / 15) for ago, used in uses if used == b) for b in ("forum", "mail")
    }
    assert reason.code == "popular"
    assert reason.values["percent"] == int(100 * weight["forum"] / sum(weight.values()))
    assert reason.values["people"] <= site.others_lately() == 12


def test_like_minded_people_are_named_where_the_version_learned_this_page():
    site = Site(sorted([*others(12, "news"), *mine(6, "mail")], key=lambda event: event[1]))
    assert why(decided(site))["forum"].code == "predicted"
    once = Site(sorted([*others(12, "news"), *mine(1, "forum")], key=lambda event: event[1]))
    assert why(decided(once, (0.05, 0.05, 0.9)))["mail"].code == "predicted"
    assert why(decided(once, (0.05, 0.05, 0.9), is_guess=True))["mail"].code == "guess"


def test_what_an_untrained_version_guesses_is_called_a_guess():
    assert [sentence(r) for r in decided(Site(), is_guess=True).reasons] == [
        "A first guess from pages like this one."
    ]
    assert decided(Site()).reasons == ()  # no evidence, nothing said


def test_people_of_long_ago_are_not_lately():
    site = Site(others(30, "forum", days=(100, 120)))
    assert not {r.code for r in decided(site).reasons} & OF_OTHERS


def test_a_layout_that_stays_says_so():
    site = Site(mine(10, "news"))
    order = ("news", "forum", "mail")
    stays = decided(site, (0.9, 0.05, 0.05), profile=site.profile(order))
    assert stays.layout.order == order
    assert stays.reasons[-1].code == "kept"
    changes = decided(Site(mine(10, "mail")), (0.1, 0.1, 0.8))
    assert "kept" not in {r.code for r in changes.reasons}


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """Up to 14 people with up to 3 visits each within 100 days, `me` among them or not."""
    people = ["me", *(f"p{i}" for i in range(draw(st.integers(0, 13))))]
    blocks = st.lists(
        st.sampled_from(["news", "forum", "mail"]), min_size=1, max_size=2, unique=True
    )
    events = [
        (person, draw(st.integers(TODAY - 100, TODAY - 1)), tuple(draw(blocks)))
        for person in people
        for _ in range(draw(st.integers(0, 3)))
    ]
    return Site(sorted(events, key=lambda event: event[1]))


@settings(max_examples=200)
@given(sites(), st.booleans(), st.lists(st.floats(0.01, 0.99), min_size=3, max_size=3))
def test_nothing_is_said_of_others_where_fewer_than_ten_came(site, is_guess, demand):
    decision = decided(site, demand, is_guess=is_guess)
    of_others = [r for r in decision.reasons if r.code in OF_OTHERS]
    assert not of_others or site.others_lately() >= 10
    for reason in of_others:
        assert reason.values["people"] <= site.others_lately()
        assert not any(p == "me" and reason.block in blocks for p, _, blocks in site.events)


@settings(max_examples=100)
@given(sites(), st.lists(st.floats(0.01, 0.99), min_size=3, max_size=3))
def test_what_is_said_of_own_visits_is_counted_in_them(site, demand):
    own = [blocks for person, _, blocks in site.events if person == "me"]
    for reason in decided(site, demand).reasons:
        if "visits" in reason.values:
            uses = sum(reason.block in blocks for blocks in own)
            assert (reason.values["uses"], reason.values["visits"]) == (uses, len(own))
            assert reason.code != "most_visits" or 2 * uses > len(own) >= 3
        assert reason.code != "last_visit" or reason.block in own[-1]
        assert reason.code != "used" or any(reason.block in blocks for blocks in own)


@settings(max_examples=50)
@given(requests())
def test_at_most_three_reasons_and_each_can_be_said(case):
    request, prediction = case
    decision = choose(request, replace(prediction, is_guess=True), "v")
    of_the_order = [r for r in decision.reasons if r.code not in ("resized", "larger", "smaller")]
    assert len(of_the_order) <= 3
    assert all(r.code in SENTENCES and sentence(r) for r in decision.reasons)
