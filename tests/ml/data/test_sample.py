"""Whom a training learns from: whole people, the same each time, small slices whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ml.data.sample import draw
from ml.evaluation.held_back import is_held_back

VISITS = st.dictionaries(st.text("abc", min_size=1, max_size=4), st.integers(1, 30), max_size=40)


@given(VISITS, st.integers(0, 300))
def test_a_draw_is_the_same_again_and_nobody_more_would_fit_its_limit(visits, most):
    sample = draw("s", visits, most)

    left = most - sum(visits[user] for user in sample.users)
    assert left >= 0
    assert all(visits[user] > left for user in visits.keys() - set(sample.users))
    assert sample == draw("s", dict(reversed(visits.items())), most)


@given(VISITS)
def test_everybody_is_drawn_where_they_are_not_too_many(visits):
    sample = draw("s", visits, sum(visits.values()))

    assert list(sample.users) == sorted(visits)
    assert sample.facts["visits"] == sample.facts["of_visits"] == sum(visits.values())
    assert sample.facts["people"] == sample.facts["of_people"] == len(visits)


def test_a_small_slice_and_newcomers_are_whole_and_the_rest_is_drawn_evenly():
    visits = {f"p{n}": 20 for n in range(2000)} | {f"new{n}": 2 for n in range(50)}
    few = [{"user": f"p{n}", "band": "old"} for n in range(40)]
    rest = [{"user": f"p{n}", "band": "young"} for n in range(40, 2000)]

    facts = draw("s", visits, 10_000, [*few, *rest], ["band"]).facts

    assert facts["slices"]["band old"] == {
        "visits": 800, "of_visits": 800, "people": 40, "of_people": 40,
    }  # fmt: skip
    assert facts["slices"]["newcomers"]["people"] == 50
    assert 9_970 < facts["visits"] <= 10_000
    assert facts["slices"]["band young"]["people"] == (facts["visits"] - 800 - 100) / 20


def test_the_draw_says_nothing_of_who_is_held_back():
    visits = {f"p{n}": 1 for n in range(4000)}

    drawn = draw("s", visits, 2000).users

    held = sum(is_held_back("s", user) for user in drawn) / len(drawn)
    assert 0.15 < held < 0.25  # a fifth, as among all


def test_a_slice_of_a_few_people_is_not_listed():
    visits = {f"p{n}": 20 for n in range(100)}
    people = [{"user": f"p{n}", "band": "rare"} for n in range(9)]

    facts = draw("s", visits, 500, people, ["band"]).facts

    assert list(facts["slices"]) == ["band unknown"]
