"""Claims count what was done, expect what the planner expects, and each can be taken out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uiengine.guardrails.facts import page
from tests.uiengine.strategies import requests
from uiengine.behaviour.popularity import Popularity, fold_day
from uiengine.behaviour.profile import Feedback, Profile, add_late_use, fold_visit
from uiengine.behaviour.profile_json import dump, load
from uiengine.claims import CLAIMS, claim_sentence, expected_claims, sure, use_claims
from uiengine.model.own_use import LEAST, own_use_alone
from uiengine.model.prediction import Prediction
from uiengine.request import Request
from uiengine.search.assignment import outlook

TODAY = 300
SURFACE = page(*({"id": name, "title": name.title()} for name in ("news", "forum", "mail")))


def person(*visits: tuple[str, ...], **wishes: object) -> Profile:
    profile = Profile(feedback=Feedback(**wishes))  # type: ignore[arg-type]
    for number, blocks in enumerate(visits):
        fold_visit(profile, TODAY - len(visits) + number, blocks)
    return profile


def asked(profile: Profile, people: int = 0) -> Request:
    popularity = fold_day(Popularity(), TODAY - 1, {"news": 3.0}, 3, {}, people)
    return Request(SURFACE, profile, popularity, TODAY)


def predicted(*shares: float, is_guess: bool = False, own_visits: float | None = None):
    share = np.array(shares)
    sizes = np.ones(3, dtype=np.int64)
    return Prediction(
        (0,), np.log(share), share, share, share, share, sizes, 0, 0.0, is_guess, own_visits
    )


def said(claims) -> dict[str, str]:
    return {claim.block: claim_sentence(claim, "DAY") for claim in claims}


def test_uses_are_counted_and_dated():
    profile = person(("news",), ("news", "mail"), ("news",))
    claims = use_claims(asked(profile))
    assert said(claims) == {
        "news": "You use News in most of your visits: in 3 of 3. The last time was DAY.",
        "mail": "You used Mail in 1 of your 3 visits. The last time was DAY.",
    }
    assert {c.block: c.last_day for c in claims} == {"news": TODAY - 1, "mail": TODAY - 2}


def test_one_visit_a_late_use_and_the_present_visit_have_words_of_their_own():
    once, late = person(("news",)), person(("news",))
    add_late_use(late, "news", TODAY - 9)
    assert said(use_claims(asked(once)))["news"] == "You used News in your only visit, on DAY."
    assert said(use_claims(asked(late)))["news"] == "You used News, the last time DAY."
    now = said(use_claims(asked(once), ("news", "mail", "gone")))
    assert now.keys() == {"news", "mail"} and "in this visit" in now["mail"]


@pytest.mark.parametrize(
    ("people", "is_guess", "used", "words"),
    [
        (11, False, True, "by what you and people like you use"),
        (3, False, True, "by your own use"),
        (11, True, True, "by your own use"),
        (11, False, False, "People who use this page as you do need"),
        (3, False, False, "A first guess"),
        (11, True, False, "A first guess"),
    ],
)
def test_others_are_named_only_where_ten_came_and_the_version_knows_the_page(
    people, is_guess, used, words
):
    profile = person(("forum",)) if used else person(("news",))
    prediction = predicted(0.1, 0.8, 0.1, is_guess=is_guess)
    assert words in said(expected_claims(asked(profile, people), prediction))["forum"]


@given(requests())
@settings(max_examples=60, deadline=None)
def test_expected_shares_are_the_planners_and_above_an_even_share(case):
    request, prediction = case
    demand = dict(zip(request.surface.index, outlook(request, prediction).demand, strict=True))
    claims = expected_claims(request, prediction)
    shares = [demand[claim.block] for claim in claims]
    assert shares == sorted(shares, reverse=True) and len(claims) <= 5
    assert all(share > 1 / len(demand) for share in shares)
    assert [c.values["percent"] for c in claims] == [round(100 * share) for share in shares]


def test_how_sure_it_is_rests_on_own_visits_beside_the_versions():
    # Two visits with one block each, beside two that the version's expectation weighs: 2 / (2 + 2),
    # but for the first one's decay over a visit, of a half-life of 20.
    profile = person(("news",), ("news",))
    own = 1 + 2 ** (-1 / 20)
    expected = round(100 * own / (own + 2))
    assert sure(asked(profile), predicted(0.2, 0.4, 0.4, own_visits=2.0)).own_percent == expected
    assert sure(asked(Profile()), predicted(0.2, 0.4, 0.4)).own_percent == 0


def test_an_unexpected_block_that_was_never_used_is_not_needed():
    request = asked(person(("news",), ("mail",), unexpected=("forum",)))
    found = own_use_alone(request, predicted(0.2, 0.5, 0.3))
    share = dict(zip(SURFACE.index, found.share, strict=True))
    assert share["forum"] == pytest.approx(LEAST, rel=1e-3) and found.demand[1] == 0.0
    assert share["news"] / share["mail"] == pytest.approx(0.2 / 0.3)
    assert found.share.argsort()[0] == found.score.argsort()[0] == 1
    assert "forum" not in said(expected_claims(request, found))


def test_an_unexpected_block_that_was_used_stands_by_own_use():
    profile = person(("news",), ("news", "forum"), unexpected=("news", "forum"))
    request = asked(profile)
    decay = 2 ** (-1 / 20)
    habits = np.array([decay + 0.5, 0.5, 0.0])  # one of one, then one of two each

    base = outlook(request, own_use_alone(request, predicted(0.1, 0.1, 0.8))).base

    assert base == pytest.approx(habits / habits.sum(), abs=2 * LEAST)


@given(requests(), st.data())
@settings(max_examples=60, deadline=None)
def test_shares_without_expectations_still_sum_to_one(case, data):
    request, prediction = case
    some = data.draw(st.sets(st.sampled_from(list(request.surface.index))))
    request.profile.feedback.unexpected = tuple(sorted(some))
    found = own_use_alone(request, prediction)
    for share in (found.share, found.outlook, found.tokens_share):
        assert share.sum() == pytest.approx(1.0) and (share > 0).all()
    assert ((found.demand >= 0) & (found.demand <= 1)).all()


def test_what_is_not_expected_is_kept_as_json_and_merged():
    profile = person(("news",), unexpected=("forum",))
    assert load(dump(profile)) == profile
    from uiengine.behaviour.merging import merge

    assert merge(profile, person(unexpected=("mail",))).feedback.unexpected == ("forum", "mail")


def test_every_claim_has_its_values():
    for code, template in CLAIMS.items():
        assert "$title" in template, code
