"""Counts of a surface before a visit: earlier days only, and newcomers separately too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.data.histories import Histories, RecordedVisit, of_different_people
from ml.data.sums import mean_shares

USES = st.sets(st.sampled_from("abc"), min_size=1)
WALKS = st.lists(st.tuples(st.integers(0, 6), st.sampled_from("uvw"), USES), max_size=25)


def visits_of(walk: list[tuple[int, str, set[str]]]) -> list[RecordedVisit]:
    """At most one visit per user and day, numbered in time order."""
    numbers: dict[str, int] = {}
    found = []
    for day, user, blocks in sorted({(d, u): (d, u, b) for d, u, b in walk}.values(), key=str):
        number = numbers.get(user, 0)
        numbers[user] = number + 1
        found.append(
            RecordedVisit("s", user, str(day), 86_400 * day, day, tuple(sorted(blocks)), number)
        )
    return found


@given(WALKS)
def test_newcomers_are_the_first_three_visits_of_earlier_days(walk):
    visits, past = visits_of(walk), Histories()
    for visit in visits:
        past.observe(visit)
    for day in range(9):
        row = past.popularity("s", day)
        earlier = [v for v in visits if v.day < day and "a" in v.blocks]
        for counted, group in (
            (row.shares, earlier),
            (row.newcomers, [v for v in earlier if v.number < 3]),
        ):
            # as of the row's date, computed by hand with the half-life of 5 days
            wanted = sum(2 ** (-(row.day - 1 - v.day) / 5) / len(v.blocks) for v in group)
            assert counted.get("a", (0, 0, 0))[1] == pytest.approx(wanted)


def test_visits_that_are_decided_together_are_of_different_people_in_the_same_order():
    visits = visits_of([(1, "u", {"a"}), (1, "v", {"a"}), (2, "u", {"a"}), (3, "w", {"a"})])

    def names(most: int) -> list[str]:
        return ["".join(v.user for v in some) for some in of_different_people(visits, most)]

    assert names(9) == ["uv", "uw"]
    assert names(1) == ["u", "v", "u", "w"]
    assert list(of_different_people([], 9)) == []


def test_mean_shares_are_of_all_visits_and_of_newcomers():
    visits = visits_of([(day, "u", {"a"} if day < 3 else {"a", "b"}) for day in range(5)])

    shares = mean_shares(visits)["s"]

    assert shares["a"] == (0.8, 1.0)
    assert shares["b"] == (0.2, 0.0)
