"""Training from files by shard: any split into shards, in any order, gives the same version."""

from __future__ import annotations

import random

import pandas as pd
import pytest
import torch

from ml.data import shard_files
from ml.data.histories import pages
from ml.data.rows import visits_frame
from ml.data.sample import draw
from ml.data.shard_files import checked_tables, shards_write
from ml.data.sums import Sums
from ml.training.stored import learned_from
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
        learned = learned_from([path], surfaces, lambda rows: rows, sample)
        draft = train_draft(
            learned.visits, surfaces=surfaces, settings=SETTINGS, everyone=learned.everyone
        )
        weights = torch.cat([p.detach().flatten() for p in draft.fitted.codec.parameters()])
        found.add((str(draft.priors), str(draft.default_orders), weights.numpy().tobytes()))
        found.add(draft.fitted.quantiser.codes.numpy().tobytes())

    assert len(found) == 2


def test_a_sample_is_walked_with_the_popularity_of_everybody(tmp_path, monkeypatch):
    users, surfaces = sorted(VISITS["user"].unique()), pages([VISITS])
    path = written(tmp_path / "v.parquet", users, 100, monkeypatch)

    learned = learned_from([path], surfaces, lambda rows: rows, users[:10])

    whole = learned_from([path], surfaces, lambda rows: rows)
    assert set(learned.visits["user"]) == set(users[:10])
    assert learned.everyone == whole.everyone != Sums()
    mine = whole.visits[whole.visits["user"].isin(users[:10])].reset_index(drop=True)
    pd.testing.assert_frame_equal(learned.visits, mine)


def test_nobody_at_all_is_no_error_of_the_reader(tmp_path):
    path = tmp_path / "none.parquet"
    assert list(shards_write(checked_tables([]), path)) == []

    learned = learned_from([path], pages([VISITS]), lambda rows: rows)

    assert len(learned.visits) == 0 and list(learned.visits) == list(visits_frame([]))
    assert learned.everyone == Sums()
