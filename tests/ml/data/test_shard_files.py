"""Visits in a file by shard: what was written is read, group by group of whole people."""

from __future__ import annotations

import pandas as pd
import pytest

from ml.data import shard_files
from ml.data.digest import file_digest, visits_digest
from ml.data.rows import visits_frame
from ml.data.shard_files import shards_read, shards_write
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

    written = list(shards_write(iter(ROWS), path))

    read = list(shards_read(path))
    shards = [{shard_of(user) for user in part["user"]} for part in read]
    assert sum(map(len, shards)) == len(set.union(*shards))
    assert (len(read) == (1 if least == 50_000 else len(shards)) and least == 1) or len(read) < 30
    pd.testing.assert_frame_equal(pd.concat(read), pd.concat(written), check_dtype=False)
    whole = visits_frame(ROWS)
    assert file_digest(path) == visits_digest(whole)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_nobody_is_read_as_no_groups(tmp_path):
    path = tmp_path / "visits.parquet"

    assert list(shards_write([], path)) == []

    assert list(shards_read(path)) == []
    assert list(pd.read_parquet(path).columns) == list(visits_frame(ROWS[:1]).columns)
    assert file_digest(path) == visits_digest(visits_frame([]))
