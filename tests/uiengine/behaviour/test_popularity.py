from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uiengine.behaviour.popularity import Popularity, advance, first_in_period, fold_day
from uiengine.explain import people_lately

days = st.lists(st.tuples(st.integers(0, 60), st.floats(0, 9), st.integers(1, 9)), max_size=8)


@given(days)
def test_rows_hold_the_decayed_sums_whatever_the_order_of_days(history):
    row = Popularity()
    for day, share, visits in history:
        row = fold_day(row, day, {"a": share}, visits, {"a": share / 2})
    row = advance(row, 70)
    for k, h in enumerate((1.5, 5, 15)):
        share = sum(s * 2 ** (-(69 - d) / h) for d, s, _ in history)
        assert row.shares.get("a", (0, 0, 0))[k] == pytest.approx(share)
        assert row.newcomers.get("a", (0, 0, 0))[k] == pytest.approx(share / 2)
        assert row.visits[k] == pytest.approx(sum(v * 2 ** (-(69 - d) / h) for d, _, v in history))


def test_a_days_visits_are_dated_to_the_next_day():
    assert fold_day(Popularity(), 5, {"a": 1.0}, 2).day == 6


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 200)), max_size=40), st.integers(0, 40)
)
def test_the_number_of_people_lately_is_that_of_the_fuller_of_two_periods(visits, later):
    row, last, today = Popularity(), dict[int, int](), 201 + later
    for day in sorted({day for _, day in visits}):
        came = {person for person, d in visits if d == day}
        people = sum(first_in_period(day, last.get(person)) for person in came)
        row = fold_day(row, day, {"a": 1.0}, len(came), people=people)
        last |= dict.fromkeys(came, day)

    start = (today // 28 - 1) * 28
    by_period = [
        len({person for person, day in visits if first <= day < first + 28})
        for first in (start, start + 28)
    ]
    assert people_lately(row, today) == max(by_period)
