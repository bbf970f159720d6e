"""The simulated people of `tests.evidence.million` are who its figures say they are."""

from __future__ import annotations

from tests.evidence.million.people import DAYS, visited

BLOCKS = [f"block-{n}" for n in range(10)]
TODAY = 20_000


def test_they_have_thirty_visits_on_average_and_habits_of_their_own():
    people = [list(visited(n, 30, BLOCKS, TODAY)) for n in range(570)]
    visits = [{row[3] for row in rows} for rows in people]

    assert sum(map(len, visits)) == 30 * len(people)
    assert (min(map(len, visits)), max(map(len, visits))) == (2, 58)
    days = set.union(*visits)
    assert days <= set(range(TODAY - DAYS, TODAY))
    assert len({tuple(row[3:5] for row in rows) for rows in people}) == len(people)
    assert list(visited(3, 30, BLOCKS, TODAY)) == people[3]
