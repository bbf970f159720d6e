"""Held-back people replayed in groups: the seconds of one walk of everybody, in order of names."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.data.histories import page, popularity_by_day, visits_of
from ml.data.sums import Sums
from ml.data.tables import check_visits
from ml.evaluation.held_back import (
    Paired,
    compare,
    is_held_back,
    paired,
    people_seconds,
)
from ml.evaluation.policies import policy
from ml.evaluation.pricing import visit_values
from ml.evaluation.replay import replay
from ml.evaluation.replay_file import read_replay, used_blocks
from uiengine.model.version_folder import load_version
from uiengine.page.reading_order import default_order

INNATE = Path("fixtures/innate")
PEOPLE = 40
PAGE = page("s", "abcdefghi")
HELD = sorted(str(n) for n in range(PEOPLE) if is_held_back("s", str(n)))


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = [
        ("s", str(user), f"2024-03-0{day}", str(block), 1)
        for user in range(PEOPLE)
        for day in sorted(rng.choice(5, 3, replace=False) + 1)
        for block in rng.choice(list("abcdefghi"), 2, replace=False)
    ]
    columns = ["surface", "user", "at", "block", "uses"]
    return check_visits(pd.DataFrame(rows, columns=columns), "visits")[0]


FRAME = frame()


@pytest.fixture(scope="module")
def seconds(tmp_path_factory) -> dict[str, list[float]]:
    """By layout: each held-back person's seconds, added up from a replay of everybody."""
    file, defaults = tmp_path_factory.mktemp("walk") / "replay.jsonl", {"s": default_order(PAGE)}
    decide, visits = policy("engine", load_version(INNATE), defaults, 64, 0), visits_of(FRAME)
    known = popularity_by_day(visits)
    lines = replay(visits, {"s": PAGE}, defaults, decide, popularity=known)
    file.write_text("\n".join(map(json.dumps, lines)))
    values = visit_values(read_replay(file, used_blocks(FRAME)), {"s": PAGE})
    found: dict[str, defaultdict[str, float]] = {}
    for name in ("policy", "default"):
        of = found.setdefault(name, defaultdict(float))
        for user, value in zip(values["user"], values[f"{name}_seconds"], strict=True):
            of[user] += value
    return {name: [of[user] for user in HELD] for name, of in found.items()}


def test_everybody_at_once_is_priced_as_by_the_replay(seconds, tmp_path):
    shutil.copytree(INNATE, tmp_path / "champion")

    alone = compare(FRAME, PAGE, {"challenger": INNATE}, tmp_path)
    two = {"challenger": INNATE, "champion": tmp_path / "champion"}
    beside = compare(FRAME, PAGE, two, tmp_path)

    assert alone.challenger == beside.challenger == beside.champion
    assert alone.challenger == pytest.approx(seconds["policy"])
    assert alone.champion == pytest.approx(seconds["default"])
    assert (alone.against, beside.against) == ("default", "champion")
    assert alone.visits == beside.visits == 3 * len(HELD)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Paired:
    return compare(FRAME, PAGE, {"challenger": INNATE}, tmp_path_factory.mktemp("whole"))


@settings(max_examples=10, deadline=None)
@given(
    group=st.lists(st.integers(0, 4), min_size=PEOPLE, max_size=PEOPLE),
    order=st.permutations(range(5)),
    cut=st.integers(0, 5),
)
def test_any_split_in_any_order_gives_the_same_seconds(whole, tmp_path_factory, group, order, cut):
    """Groups are walked in this order, those before `cut` by another worker than the rest."""
    home, everyone = tmp_path_factory.mktemp("split"), Sums()
    groups = [FRAME[FRAME["user"].map(lambda user: group[int(user)]) == n] for n in order]
    for visits in groups:
        everyone.add(Sums.of(visits_of(visits)))

    parts = [
        people_seconds(some, everyone.before_days(), PAGE, {"challenger": INNATE}, home)
        for some in (groups[:cut], groups[cut:])
    ]

    assert paired(parts[::-1], False) == whole


def test_a_page_of_whose_people_none_is_held_back_has_no_seconds(tmp_path):
    others = FRAME[~FRAME["user"].isin(HELD)]

    found = compare(others, PAGE, {"challenger": INNATE}, tmp_path)

    assert found == Paired("default", (), (), 0)
