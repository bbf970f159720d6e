"""Training from files by shard: any split into shards, in any order, gives the same version."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest
import torch

from ml.data import shard_files
from ml.data.histories import pages, visits_of
from ml.data.rows import visits_frame
from ml.data.sample import draw
from ml.data.shard_files import checked_tables, shards_write, users_kept, users_read
from ml.data.sums import Sums
from ml.data.table_sums import table_sums
from ml.data.tables import check_visits
from ml.learning.building import OF_PAGES, OF_VISITS, TARGETS
from ml.training.reading import Reader
from ml.training.train import train_draft
from ml.versions.draft import Draft
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
        kept = users_kept([path], wanted.__contains__, tmp_path / "kept.parquet")
        for visits, scratch in ((users_read(kept.paths, bool), None), (kept, tmp_path / "scratch")):
            draft = train_draft(
                visits,
                surfaces=surfaces,
                settings=SETTINGS,
                everyone=summed(path),
                scratch=scratch,
            )
            found |= told(draft)
        assert list((tmp_path / "scratch").iterdir()) == []

    assert len(found) == 3


def told(draft: Draft) -> set[str | bytes]:
    """Weights, codes, and what else a draft says, but for the seconds that it took."""
    weights = torch.cat([p.detach().flatten() for p in draft.fitted.codec.parameters()])
    training = {n: v for n, v in draft.card["training"].items() if n != "seconds"}
    words = (draft.priors, draft.default_orders, draft.facts, {**draft.card, "training": training})
    codes = draft.fitted.quantiser.codes
    return {str(words), weights.numpy().tobytes(), codes.numpy().tobytes()}


def test_visits_of_one_second_come_in_the_order_of_their_fractions(tmp_path):
    """Of people in files in another order: as `visits_of` orders them, who sees them at once."""
    fractions = VISITS[["surface", "user", "block", "uses"]].drop_duplicates("user")
    times = [f"2024-03-01T10:00:00.{999 - i:03d}+00:00" for i in range(len(fractions))]
    more, _ = check_visits(fractions.assign(at=times), "more")
    visits = pd.concat([VISITS, more])
    groups = [rows for _, rows in visits.groupby("user")]
    surfaces = pages([VISITS])
    everyone = Reader(visits, surfaces).sums()

    made = [
        Reader(rows, surfaces, folder).examples({}, {}, everyone, 0, lambda share, text: None)
        for rows, folder in ((visits, None), (groups, None), (groups, tmp_path))
    ]

    whole = visits_of(visits)
    for examples in made:
        assert examples.users == [(v.surface, v.user) for v in whole]
        for one, other in zip(examples.inputs, made[0].inputs, strict=True):
            assert torch.equal(one, other)
        every = torch.arange(len(whole))
        assert torch.equal(examples.thin(every)[0], made[0].thin(every)[0])
        assert torch.equal(examples.outlook[every], made[0].outlook[every])


def test_memory_of_ones_own_does_not_hold_what_is_on_disk(tmp_path):
    """Every array that has a row per visit is mapped, and the mapping outlives the file's name."""
    surfaces = pages([VISITS])
    everyone = Reader(VISITS, surfaces).sums()
    reader = Reader([VISITS], surfaces, tmp_path)

    made = reader.examples({}, {}, everyone, 0, lambda share, text: None)

    mappings = [line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines()]
    files = {path.name for path in tmp_path.glob("*.npy")}
    assert files == {Path(name).name for name in mappings if str(tmp_path) in name}
    stored = {*OF_VISITS, *OF_PAGES, *TARGETS, "drawn", "person", "place"}
    assert files == {f"{name}.npy" for name in stored}
    before = made.at(torch.arange(5)).user
    shutil.rmtree(tmp_path)
    assert torch.equal(made.at(torch.arange(5)).user, before)


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
