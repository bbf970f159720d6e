"""Visits in a file by shard: what was written is read, group by group of whole people."""

from __future__ import annotations

import pandas as pd
import pytest

from ml.data import shard_files
from ml.data.rows import visits_frame
from ml.data.shard_files import checked_tables, shards_read, shards_write, visits_by_user
from uiengine.behaviour.shards import shard_of

ROWS = [
    ("s", user, f"2026-01-{day:02d}T10:00:00+00:00", block, 1 + day % 3, 20000 + day)
    for user in sorted(map("person {}".format, range(60)), key=lambda u: (shard_of(u), u))
    for day in range(1, 5)
    for block in "abé"
]


@pytest.mark.parametrize("least", [1, 100, 50_000])
def test_groups_hold_whole_shards_and_together_all_rows(tmp_path, monkeypatch, least):
    monkeypatch.setattr(shard_files, "LEAST_ROWS", least)
    path = tmp_path / "visits.parquet"

    written = [table.to_pandas() for table in shards_write(checked_tables(iter(ROWS)), path)]

    read = list(shards_read(path))
    shards = [{shard_of(user) for user in part["user"]} for part in read]
    assert sum(map(len, shards)) == len(set.union(*shards))
    assert (len(read) == (1 if least == 50_000 else len(shards)) and least == 1) or len(read) < 30
    pd.testing.assert_frame_equal(pd.concat(read), pd.concat(written), check_dtype=False)
    pd.testing.assert_frame_equal(
        pd.concat(read, ignore_index=True), visits_frame(ROWS), check_dtype=False
    )


def test_a_table_of_many_shards_is_cut_between_them(tmp_path, monkeypatch):
    monkeypatch.setattr(shard_files, "LEAST_ROWS", 10**6)
    (whole,) = checked_tables(ROWS)
    monkeypatch.setattr(shard_files, "LEAST_ROWS", 30)

    written = list(shards_write([whole], tmp_path / "visits.parquet"))

    shards = [{shard_of(user) for user in part["user"].to_pylist()} for part in written]
    assert len(written) > 5 and sum(map(len, shards)) == len(set.union(*shards))
    assert [row for part in written for row in part.to_pylist()] == whole.to_pylist()


def test_visits_are_counted_by_user_whatever_they_used():
    (whole,) = checked_tables(ROWS)

    counted = visits_by_user(whole)

    last = pd.Timestamp("2026-01-04T10:00:00").value // 1000
    assert counted == {f"person {number}": (4, last) for number in range(60)}


def test_a_file_of_nobody_is_read_as_no_groups(tmp_path):
    path = tmp_path / "visits.parquet"

    assert list(shards_write(checked_tables([]), path)) == []

    assert list(shards_read(path)) == []
    assert list(pd.read_parquet(path).columns) == list(visits_frame(ROWS[:1]).columns)
