"""Sums over people: those of any shards, added in any order, are those of everybody."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.data.histories import Histories, RecordedVisit, page
from ml.data.histories import visits_of as recorded
from ml.data.rows import visits_frame
from ml.data.shard_files import SCHEMA
from ml.data.sums import Sums
from ml.data.table_sums import table_sums

USES = st.sets(st.sampled_from("abc"), min_size=1)
PEOPLE = st.sampled_from(["u", "v", "w", "x", "y"])
WALKS = st.lists(st.tuples(st.integers(0, 80), PEOPLE, USES), max_size=30)


def visits_of(walk: list[tuple[int, str, set[str]]]) -> list[RecordedVisit]:
    """At most one visit per user and day, in time order."""
    numbers: Counter[str] = Counter()
    found = []
    for (day, user), used in sorted({(day, user): used for day, user, used in walk}.items()):
        blocks = tuple(sorted(used))
        found.append(RecordedVisit("s", user, str(day), 86_400 * day, day, blocks, numbers[user]))
        numbers[user] += 1
    return found


@given(WALKS, st.randoms(use_true_random=False))
def test_any_split_of_people_in_any_order_adds_up_to_the_same_bits(walk, random):
    visits = visits_of(walk)
    place = {user: random.randrange(3) for user in "uvwxy"}
    parts = [[v for v in visits if place[v.user] == number] for number in range(3)]
    random.shuffle(parts)
    added = Sums()
    for part in parts:
        added.add(Sums.of(part))

    assert added == Sums.of(visits)
    surfaces = {"s": page("s", "abc")}
    assert added.mean_shares() == Sums.of(visits).mean_shares()
    assert added.default_orders(surfaces) == Sums.of(visits).default_orders(surfaces)
    for day in (0, 3, 90):
        for slug, found in added.popularity().items():
            assert found.before(day) == Sums.of(visits).popularity()[slug].before(day)


@given(WALKS)
def test_popularity_on_a_day_is_that_of_a_walk_through_everybodys_visits(walk):
    visits, past = visits_of(walk), Histories()
    known = Sums.of(visits).popularity()
    done = 0
    for day in range(0, 90, 7):
        while done < len(visits) and visits[done].day < day:
            past.observe(visits[done])
            done += 1
        wanted = past.popularity("s", day)
        if "s" not in known:
            continue
        found = known["s"].before(day)
        assert found.day == wanted.day and found.people == wanted.people
        assert found.visits == pytest.approx(wanted.visits)
        for name in ("shares", "newcomers"):
            mine, theirs = getattr(found, name), getattr(wanted, name)
            assert set(mine) == set(theirs)
            assert all(mine[b] == pytest.approx(theirs[b]) for b in mine)


@settings(max_examples=30)
@given(WALKS)
def test_a_tables_sums_are_those_of_its_visits(walk):
    rows = [
        ("s", user, datetime.fromtimestamp(86_400 * day, UTC).isoformat(), block, 1, day)
        for day, user, used in walk
        for block in used
    ]
    visits = visits_frame(rows)
    table = pa.Table.from_pandas(visits, SCHEMA, preserve_index=False)

    assert table_sums(table) == Sums.of(recorded(visits))
