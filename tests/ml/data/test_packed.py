"""Packed visits are unpacked into what checking them row by row gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ml.data.packed import PackedPerson, unpacked
from ml.data.shard_files import SCHEMA, checked_tables

BLOCKS = ("news", "mail", "a, b")
START = datetime(2026, 1, 1, 23, 59, 58, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
USERS = ("ada", 'bob "b", jr', "ümit")

moments = st.integers(0, 5).map(lambda n: START + n * timedelta(microseconds=500_000))
visits = st.tuples(
    moments,
    st.integers(20_454, 20_456),
    st.dictionaries(st.sampled_from(BLOCKS), st.integers(1, 3)),
)
people = st.dictionaries(st.sampled_from(USERS), st.lists(visits, min_size=1), min_size=1)


def used(visits):
    """Rows of a person by time, as the database orders them."""
    for at, day, uses in sorted(visits, key=lambda visit: visit[0]):
        for block, count in uses.items():
            yield at, day, block, count if count < 3 else 1_000_001  # too many to be real


def packed(user, visits) -> PackedPerson:
    lines = [
        f"{(at - EPOCH) // timedelta(microseconds=1)},{day},{BLOCKS.index(block)},{count}"
        for at, day, block, count in used(visits)
    ]
    return PackedPerson(user, len(lines), "\n".join(lines))


@given(people)
def test_unpacked_is_what_checking_row_by_row_gives(people):
    rows = [
        ("home", user, at.isoformat(), block, count, day)
        for user, visits in people.items()
        for at, day, block, count in used(visits)
    ]

    some = [packed(user, visits) for user, visits in people.items()]
    found = unpacked("home", BLOCKS, [person for person in some if person.rows])

    checked = [row for table in checked_tables(rows) for row in table.to_pylist()]
    assert found.schema == SCHEMA
    assert found.to_pylist() == checked


def test_nobody_is_an_empty_table():
    assert unpacked("home", BLOCKS, []).to_pylist() == []
