"""Files that are checked some rows at a time say what `formats.read` says of them whole."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.data import formats, staged_visits
from ml.data.errors import DataError
from ml.data.part_files import rows_read
from ml.data.staged_visits import StagedVisits
from uiengine.behaviour.shards import shard_of

HEAD = "surface,user,at,block,uses"
KNOWN = {"shop": ["cart", "deals"]}


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch):
    monkeypatch.setattr(staged_visits, "CHUNK_ROWS", 3)


def written(folder: Path, rows: list[str]) -> Path:
    path = folder / "visits.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    return path


def staged_rows(staged: StagedVisits) -> list[tuple[object, ...]]:
    (part,) = staged.write({}, "", 1_000)
    return [(s, u, ms / 1000, *rest) for s, u, ms, *rest in rows_read(part.files["visits"])]


def whole_rows(visits: pd.DataFrame) -> list[tuple[object, ...]]:
    """Rows of a checked frame, sorted by surface, user, time and block."""
    ordered = visits.sort_values(["surface", "user", "when", "block"])
    seconds = ordered["when"].to_numpy().astype("datetime64[ms]").astype("int64") / 1000
    columns = ["surface", "user", "seconds", "day", "block", "uses"]
    return list(ordered.assign(seconds=seconds)[columns].itertuples(index=False, name=None))


values = st.tuples(
    st.sampled_from(["shop", "home", "", "no slug"]),
    st.sampled_from(["ada", "bob", " ", "007"]),
    st.sampled_from(["2026-01-01", "2026-01-01T23:30:00+01:00", "2026-01-01T22:30:00Z", "soon"]),
    st.sampled_from(["cart", "deals", "typo"]),
    st.sampled_from(["1", "2", "0", "1.5"]),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
@given(rows=st.lists(values, max_size=12))
def test_chunks_are_judged_as_the_whole_file(tmp_path, rows):
    path = written(tmp_path, [",".join(row) for row in rows])
    whole = formats.read(path, blocks=KNOWN, strict=False)

    with StagedVisits() as staged:
        staged.read(path, blocks=KNOWN, strict=False, zones={})
        assert tuple(staged.problems) == whole.problems
        if len(whole.visits):
            assert staged_rows(staged) == whole_rows(whole.visits)


def test_a_row_that_repeats_one_far_above_is_named(tmp_path):
    rows = [f"shop,u{n},2026-01-01,cart,1" for n in range(8)]
    path = written(tmp_path, [*rows, rows[0]])

    with StagedVisits() as staged, pytest.raises(DataError, match=r"row 9: block = 'cart'; must"):
        staged.read(path, zones={})


def test_numbers_of_parquet_stay_whole_where_some_are_missing(tmp_path):
    rows = [("shop", user, "2026-01-01", "cart", 1) for user in (7, None, 8, 9)]
    frame = pd.DataFrame(rows, columns=HEAD.split(","))
    frame["user"] = frame["user"].astype("Int64")
    frame.to_parquet(tmp_path / "visits.parquet")

    with StagedVisits() as staged:
        staged.read(tmp_path / "visits.parquet", strict=False, zones={})
        assert [row[1] for row in staged_rows(staged)] == ["7", "8", "9"]
        assert [(p.row, p.field) for p in staged.problems] == [(2, "user")]


def test_parts_hold_whole_shards_of_subjects_in_order(tmp_path):
    rows = [f"shop,u{n % 40},2026-01-{n // 40 + 1:02},cart,1" for n in range(200)]
    people = tmp_path / "people.csv"
    people.write_text("user,age\n" + "".join(f"u{n},{n}\n" for n in range(41)))
    keys = {"u1": "django:1"}

    with StagedVisits() as staged:
        staged.read(written(tmp_path, rows), people=people, zones={})
        parts = staged.write(keys, "file:", 30)
        found = Counter(
            (row[1], row[2])
            for part in parts
            for row in rows_read(part.files["visits"])
            if shard_of(row[1]) in part.shards
        )
        for part in parts:
            kept = rows_read(part.files["visits"])
            assert kept == sorted(kept)
            assert {shard_of(str(row[0])) for row in people_of(part)} <= set(part.shards)

    assert len(parts) > 3
    assert set(found.values()) == {1} and len(found) == 200
    assert {key for key, _ in found} == {"django:1", *(f"file:u{n}" for n in range(40) if n != 1)}


def people_of(part) -> list[tuple[object, ...]]:
    if "people" not in part.files:
        return []
    return [(row["key"],) for row in pd.read_parquet(part.files["people"]).to_dict("records")]
