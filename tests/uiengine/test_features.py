"""Features equal their formulas, contain no attribute and no future data, and tolerate padding."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uiengine import features
from uiengine.behaviour.popularity import Popularity, fold_day
from uiengine.behaviour.profile import Profile, day_uses_at, fold_visit, visit_shares_at
from uiengine.features import People
from uiengine.page.surface_json import parse

BLOCKS = ("a", "b", "c")


def people(profile, day):
    return People(
        np.array([features.gather_user(profile, BLOCKS, day)]),
        np.array([features.gather_history(profile, day)]),
    )


def page(day, popularity=None, prior=None):
    return features.gather_page(popularity or Popularity(), BLOCKS, day, prior)


@given(st.lists(st.tuples(st.integers(0, 5), st.sets(st.sampled_from(BLOCKS), min_size=1))))
def test_user_features_equal_the_profile_read_one_by_one(visits):
    profile, day = Profile(), 50
    for gap, used in visits:
        day += gap
        fold_visit(profile, day, used)
    now = day + 3
    encoded = features.encode_user(people(profile, now))[0]
    for i, block in enumerate(BLOCKS):
        counters = profile.blocks.get(block)
        if counters is None:
            assert not encoded[i].any()
            continue
        for column, (half, share) in enumerate(
            zip((4, 20), visit_shares_at(counters, profile.visits), strict=True)
        ):
            weight = sum(2 ** (-v / half) for v in range(profile.visits))
            assert encoded[i, column] == pytest.approx(share / (weight + 0.5), rel=1e-5)
        for column, uses in enumerate(day_uses_at(counters, now)):
            assert encoded[i, 2 + column] == pytest.approx(math.log1p(uses), rel=1e-5)
        assert encoded[i, 5] == (block in visits[-1][1])


def test_popularity_is_zero_without_any_and_follows_what_people_use():
    nothing = features.encode_popularity(page(10))
    assert np.allclose(nothing, 0, atol=1e-6)
    seen = fold_day(Popularity(), 9, {"b": 40.0}, 40)
    shares = features.encode_popularity(page(10, seen))[0]
    assert (shares[1, :6] > 0).all()
    assert (shares[[0, 2], :6] < 0).all()


def test_a_prior_gives_way_to_evidence():
    prior = {"a": (1.0, 0.0), "c": (0.0, 1.0)}
    few = features.encode_popularity(page(10, None, prior))[0]
    assert few[0, 0] > few[1, 0]
    seen = fold_day(Popularity(), 9, {"b": 400.0}, 400)
    many = features.encode_popularity(page(10, seen, prior))[0]
    assert many[1, 0] > many[0, 0]


def test_newcomers_have_a_popularity_of_their_own():
    seen = fold_day(Popularity(), 9, {"a": 400.0, "b": 4.0}, 404, {"b": 4.0})
    prior = {"a": (1.0, 0.0), "c": (0.0, 1.0)}
    encoded = features.encode_popularity(page(10, seen, prior))[0]
    everyone, newcomers = encoded[:, :3], encoded[:, 8:11]
    assert everyone[:, 0].argmax() == 0
    assert list(newcomers.argmax(axis=0)) == [2, 2, 2]
    assert (newcomers[1] > newcomers[0]).all()
    # by hand: "b" has 4 visits and a third of half a visit, of 4 + 5 + 0.5 in all
    weight = 4 + 0.5 / 3
    assert newcomers[1, 0] == pytest.approx((weight * 3 / 9.5 - 1) / 4, rel=1e-5)


def test_recency_codes_fit_four_bits_and_rise_with_time():
    profile = Profile()
    fold_visit(profile, 1, ["a"])
    codes = []
    for day in range(120):
        codes.append(int(features.recency(people(profile, day + 1))[0, 0]))
        fold_visit(profile, day + 2, ["b"])
    assert codes[0] == 1
    assert codes == sorted(codes)
    assert max(codes) == 15
    assert features.recency(people(profile, 200))[0, 2] == 0


def test_texts_are_alike_when_kinds_are():
    def alike(one, other):
        return float(features.hashed_text(*one) @ features.hashed_text(*other))

    assert alike(("forum", "forum"), ("forum", "forum")) == pytest.approx(1.0)
    assert alike(("forum", ""), ("forumng", "")) > alike(("forum", ""), ("quiz", ""))
    assert alike(("forum", "Tutor forum"), ("forum", "Student forum")) < 1


def test_unknown_kinds_are_zero_and_shapes_are_shares():
    surface = parse(
        {
            "slug": "s",
            "breakpoints": [
                {"name": "d", "min_width": 1200, "columns": 12, "viewport_height": 800}
            ],
            "blocks": [
                {"id": "x", "kind": "k", "sizes": {"d": {"default": [6, 2], "min": [3, 1]}}},
            ],
        }
    )
    described = features.describe(surface, {"other": 1})
    assert described.kind.tolist() == [0]
    assert described.shape[0].tolist() == [0.5, 0.25, 1.0, 0.25, 0.0, 0.0]


def test_attributes_of_people_are_no_input():
    names = {"gender", "age", "age_band", "disability", "region", "education", "attributes"}
    for _, function in inspect.getmembers(features, inspect.isfunction):
        assert not names & set(inspect.signature(function).parameters)
    assert not names & {f for f in Profile.__dataclass_fields__}
