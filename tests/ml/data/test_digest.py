"""The digest of visits depends on the rows, not on their order or file."""

from __future__ import annotations

import csv
import hashlib
import io

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.data.digest import joined_digest, shard_digests, visits_digest

ROWS = [
    ("home", "ada", "2026-01-01T08:00:00+00:00", "news", 2),
    ("home", "bob", "2026-01-01T09:00:00+00:00", "mail", 1),
    ("home", "ada", "2026-01-02T08:00:00+00:00", "mail", 1),
]


def frame(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["surface", "user", "at", "block", "uses"])


def by_hand(rows) -> str:
    """Over 256 digests, each of the sorted lines of CSV of users whose SHA-256 begins so."""
    lines: list[list[bytes]] = [[] for _ in range(256)]
    for row in rows:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(row)
        lines[hashlib.sha256(row[1].encode()).digest()[0]].append(line.getvalue().encode())
    each = [hashlib.sha256(b"".join(sorted(shard))).digest() for shard in lines]
    return hashlib.sha256(b"".join(each)).hexdigest()


@pytest.mark.parametrize("user", ["eve", 'a "b", c', "two\nlines", "é"])
def test_is_the_sha256_of_the_shards_sorted_lines(user):
    rows = [*ROWS, ("home", user, "2026-01-03T08:00:00+00:00", "mail", 12)]
    assert visits_digest(frame(rows)) == by_hand(rows)


def test_nobodys_visits_have_a_digest():
    assert visits_digest(frame([])) == by_hand([])


def test_shards_of_many_files_join_to_the_digest_of_all():
    each = [shard_digests(pa.Table.from_pandas(frame([row]))) for row in (ROWS[0], ROWS[1])]
    assert joined_digest(each[0] | each[1]) == visits_digest(frame(ROWS[:2]))


@given(st.permutations(ROWS))
def test_any_order_gives_one_digest(rows):
    assert visits_digest(frame(rows)) == visits_digest(frame(ROWS))


def test_a_changed_count_gives_another():
    changed = [(*ROWS[0][:4], 3), *ROWS[1:]]
    assert visits_digest(frame(changed)) != visits_digest(frame(ROWS))
