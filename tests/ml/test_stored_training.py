"""Training from files by shard: any split into shards, in any order, gives the same version."""

from __future__ import annotations

import random

import pyarrow.parquet
import pytest
import torch

from ml.data import shard_files
from ml.data.histories import pages
from ml.data.rows import visits_frame
from ml.data.sample import draw
from ml.data.shard_files import checked_tables, shards_write, users_read
from ml.data.sums import Sums
from ml.data.table_sums import table_sums
from ml.training.train import train_draft
from tests.ml.conftest import SMALL, simulated_visits

SETTINGS = SMALL.smoke()
VISITS = simulated_visits(40, 8, 11)


def written(path, users, least, monkeypatch):
    """A file of these people in this order, cut into groups of so many rows."""
    monkeypatch.setattr(shard_files, "LEAST_ROWS", least)
    monkeypatch.setattr(shard_files, "shard_of", lambda user: int(user.removeprefix("u")))
    columns = ["surface", "user", "at", "block", "uses", "day"]
    by_user = {user: rows[columns] for user, rows in VISITS.groupby("user")}
    rows = [tuple(row) for user in users for row in by_user[user].itertuples(index=False)]
    assert sum(map(len, shards_write(checked_tables(rows), path))) == len(VISITS)
    return path


@pytest.mark.parametrize("is_sample", [False, True])
def test_any_split_into_shards_in_any_order_gives_the_same_version(
    tmp_path, monkeypatch, is_sample
):
    users, surfaces = sorted(VISITS["user"].unique()), pages([VISITS])
    visits = VISITS.drop_duplicates(["user", "when"])["user"].value_counts().to_dict()
    sample = draw("sim", visits, 160).users if is_sample else None
    found = set()
    for number, least in enumerate((10**6, 1, 300)):
        random.Random(number).shuffle(users)
        path = written(tmp_path / f"{number}.parquet", users, least, monkeypatch)
        wanted = set(users) if sample is None else set(sample)
        draft = train_draft(
            users_read([path], wanted.__contains__),
            surfaces=surfaces,
            settings=SETTINGS,
            everyone=summed(path),
        )
        weights = torch.cat([p.detach().flatten() for p in draft.fitted.codec.parameters()])
        found.add((str(draft.priors), str(draft.default_orders), weights.numpy().tobytes()))
        found.add(draft.fitted.quantiser.codes.numpy().tobytes())

    assert len(found) == 2


def summed(path):
    """The sums of a file, group by group."""
    everyone, file = Sums(), pyarrow.parquet.ParquetFile(path)
    for number in range(file.num_row_groups):
        everyone.add(table_sums(file.read_row_group(number)))
    return everyone


def test_only_the_wanted_are_read(tmp_path, monkeypatch):
    users = sorted(VISITS["user"].unique())
    path = written(tmp_path / "v.parquet", users, 100, monkeypatch)

    read = users_read([path, path], set(users[:10]).__contains__)

    mine = VISITS[VISITS["user"].isin(users[:10])]
    for half in (read[: len(mine)], read[len(mine) :]):
        assert set(half["user"]) == set(users[:10])
        columns = ["user", "at", "block"]
        found = half.sort_values(columns)[columns].to_numpy().tolist()
        assert found == mine.sort_values(columns)[columns].to_numpy().tolist()


def test_nobody_at_all_is_no_error_of_the_reader(tmp_path):
    path = tmp_path / "none.parquet"
    assert list(shards_write(checked_tables([]), path)) == []

    read = users_read([path], lambda user: True)

    assert len(read) == 0 and list(read) == list(visits_frame([]))
    assert summed(path) == Sums()
