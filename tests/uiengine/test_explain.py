"""Reasons derive from the decision's own figures: at most three, in words."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from tests.uiengine.guardrails.facts import page
from tests.uiengine.strategies import requests
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Pin, Profile, fold_visit
from uiengine.engine import choose
from uiengine.explain import SENTENCES, sentence
from uiengine.model.prediction import Prediction
from uiengine.request import Request


def decided(profile: Profile, demand: list[float]):
    surface = page({"id": "news", "title": "News"}, {"id": "forum", "title": "Forum"})
    values = np.array(demand)
    share = values / values.sum()
    prediction = Prediction(
        (0,), share, values, share, share, share, np.ones(2, dtype=np.int64), 0, 0.0
    )
    return choose(Request(surface, profile, Popularity(), 40), prediction, "v")


def words(decision) -> list[str]:
    return [sentence(reason) for reason in decision.reasons]


def test_habit_is_named():
    profile = Profile()
    for day in range(30, 40):
        fold_visit(profile, day, ["forum"])
    assert words(decided(profile, [0.1, 0.9])) == ["You open Forum in most of your visits."]


def test_a_pin_is_the_users_own_word():
    profile = Profile()
    profile.feedback.pins["forum"] = Pin(0)
    assert "You pinned Forum here." in words(decided(profile, [0.9, 0.1]))


def test_nobody_new_is_told_how_they_use_the_page():
    said = words(decided(Profile(), [0.1, 0.9]))
    assert said == ["People who are new to this page often need Forum."]


def test_a_layout_that_stays_says_so():
    profile = Profile(order=("news", "forum"))
    for day in range(30, 40):
        fold_visit(profile, day, ["news"], ("news", "forum"))
    assert decided(profile, [0.9, 0.1]).reasons[-1].code == "kept"


@settings(max_examples=50)
@given(requests())
def test_at_most_three_reasons_and_each_can_be_said(case):
    request, prediction = case
    decision = choose(request, prediction, "v")
    assert len(decision.reasons) <= 3
    assert all(r.code in SENTENCES and sentence(r) for r in decision.reasons)
