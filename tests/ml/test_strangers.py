"""Malformed files are read, or refused with field, row, value and rule.

Bytes of valid files are changed, columns take any type of Parquet, values take any JSON.
"""

from __future__ import annotations

import io
import json
from datetime import date, time
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.clicks import is_held_out
from ml.data import formats
from ml.data.click_episodes import read_episodes
from ml.data.edit_pairs import Pair, read_pairs
from ml.data.errors import DataError
from ml.data.json_lines import read_layouts
from ml.evaluation.replay_file import read_replay
from ml.layouts.features import Arrangement, arrangement
from ml.layouts.records import read_edited, to_record
from ml.ope.log import read_decisions

VISITS = "surface,user,at,block,uses\nshop,7,2024-01-01,news,2\nshop,8,2024-01-02T10:00Z,quiz,1\n"
PEOPLE = "user,surface,gender\n7,shop,f\n8,shop,m\n"
LAYOUT = '{"id": "a", "columns": 12, "items": [{"kind": "k", "x": 0, "y": 0, "w": 3, "h": 1}]}\n'
REPLAY = (
    '{"user": "7", "surface": "shop", "at": "2024-01-01", "visit": 0, "default": ["news"], '
    '"layout": [{"id": "news", "x": 0, "y": 0, "w": 1, "h": 1}], "distortion": 0.5}\n'
)
DECISION = (
    '{"user": "7", "surface": "s", "visit": "v", "layout": ["a"], "propensity": 1, "reward": -1}\n'
)
EDIT = (
    '{"columns": 12, "repo": "r", "before": [{"id": "a", "type": "t", "x": 0, "y": 0, "w": 3, '
    '"h": 1}], "after": [{"id": "a", "type": "t", "x": 3, "y": 0, "w": 6, "h": 2}]}\n'
)
EPISODE = (
    '{"task": "t", "session": "s", "success": true, "layout": [{"id": 1, "tag": "A", "x": 0, '
    '"y": 9, "w": 9, "h": 9}, {"id": 2, "tag": "B", "x": 0, "y": 99, "w": 9, "h": 9}], "clicks": '
    '[{"ms": 900, "x": 4, "y": 9, "id": 1, "box": [0, 9, 9, 9]}, '
    '{"ms": 1900, "x": 4, "y": 99, "id": 2, "box": [0, 99, 9, 9]}]}\n'
)
ODD = [
    b"\x00",
    b"\r",
    b"\n",
    "\ufeff".encode(),
    "\u2028".encode(),
    "\u0663".encode(),
    b"\xed\xa0\x80",
]
WORDS = ('"', ",", "\\", "[", "}", "1e999", "NaN", "-1", "null", "true", "2024-02-30", "9" * 400)
TIMES = ("0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00")
PIECES = st.sampled_from([*ODD, *(word.encode() for word in (*WORDS, *TIMES))])
CHANGES = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES | st.binary(max_size=3)),
    min_size=1,
    max_size=6,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(TIMES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
VALUES = st.sampled_from(
    [
        *(None, True, 1, -1, 2**62, 1.5, float("nan"), float("inf"), "", "x", "\x00", "x" * 300),
        *(b"x", b"\xff", [1], {"a": 1}, date(1, 1, 1), time(1), Decimal("1.5"), "2024-01-01"),
        *(pd.Timestamp("1678-01-01"), pd.Timestamp("2024-01-01", tz="Europe/Berlin")),
        *(np.datetime64("NaT"), pd.Timedelta(1), "shop"),
    ]
)
FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def spoilt(good: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    """Replaces pieces of the file by given bytes."""
    for where, taken, piece in changes:
        at = int(where * len(good))
        good = good[:at] + piece + good[at + taken :]
    return good


def parquet(text: str) -> bytes:
    file = io.BytesIO()
    pd.read_csv(io.StringIO(text), dtype=str).to_parquet(file)
    return file.getvalue()


def check(problems) -> None:
    for problem in problems:
        assert problem.file and problem.field and problem.rule and problem.row >= 0
        assert isinstance(problem.value, str) and str(problem).isprintable()


def read(path, content: bytes, **more) -> None:
    """Reads as an import does; accepted values must be writable as text."""
    path.write_bytes(content)
    try:
        records = formats.read(path, strict=False, **more)
    except DataError as error:
        assert error.problems
        return
    check(records.problems)
    for row in records.visits.itertuples():
        assert len(f"{row.surface}{row.block}{row.user}".encode()) > 0 and row.uses >= 1
        assert "\x00" not in row.user and len(row.user) <= 195
    people = records.people if records.people is not None else pd.DataFrame()
    for person in people.to_dict("records"):
        assert all(isinstance(value, str) and "\x00" not in value for value in person.values())
        "".join(person.values()).encode()


@FEW
@given(CHANGES, st.sampled_from(["csv", "parquet"]), st.booleans())
def test_spoilt_visits(tmp_path, changes, form, is_known):
    good = VISITS.encode() if form == "csv" else parquet(VISITS)
    known = {"surfaces": ["shop"], "blocks": {"shop": ["news"]}} if is_known else {}
    read(tmp_path / f"visits.{form}", spoilt(good, changes), **known)


@FEW
@given(CHANGES, st.sampled_from(["csv", "parquet"]))
def test_spoilt_people(tmp_path, changes, form):
    (tmp_path / "people").mkdir(exist_ok=True)
    people = tmp_path / "people" / f"people.{form}"
    people.write_bytes(spoilt(PEOPLE.encode() if form == "csv" else parquet(PEOPLE), changes))
    read(tmp_path / "visits.csv", VISITS.encode(), people=people)


@FEW
@given(st.data())
def test_columns_of_any_type(tmp_path, data):
    """One or two columns of visits and people get an arbitrary Parquet type."""
    rows = data.draw(st.integers(0, 3))
    for name, text in (("visits", VISITS), ("people", PEOPLE)):
        frame = pd.read_csv(io.StringIO(text), dtype=str).reindex(range(rows))
        for column in data.draw(st.sets(st.sampled_from(list(frame.columns)), max_size=2)):
            values = data.draw(st.lists(VALUES, min_size=rows, max_size=rows))
            frame[column] = pd.Series(values, dtype=object, index=frame.index)
        try:
            frame.to_parquet(tmp_path / f"{name}.parquet")
        except Exception:  # Parquet cannot hold it
            return
    read(
        tmp_path / "visits.parquet",
        (tmp_path / "visits.parquet").read_bytes(),
        people=tmp_path / "people.parquet",
    )


LINES = {
    "layouts": LAYOUT,
    "replay": REPLAY,
    "decisions": DECISION,
    "edits": EDIT,
    "ends of edits": EDIT,
    "episodes": EPISODE,
}


@FEW
@given(CHANGES)
@pytest.mark.parametrize("kind", LINES)
def test_spoilt_lines(tmp_path, kind, changes):
    path = tmp_path / f"{kind}.jsonl"
    path.write_bytes(spoilt(LINES[kind].encode() * 2, changes))
    check_lines(kind, path)


@FEW
@given(st.data())
@pytest.mark.parametrize("kind", LINES)
def test_lines_with_any_values(tmp_path, kind, data):
    record = json.loads(LINES[kind])
    inner = [v[0] for v in record.values() if isinstance(v, list) and isinstance(v[0], dict)]
    spoil = data.draw(st.sampled_from([record, *inner]))
    spoil[data.draw(st.sampled_from(list(spoil)))] = data.draw(JSON)
    path = tmp_path / f"{kind}.jsonl"
    path.write_text(json.dumps(record))
    check_lines(kind, path)


def check_lines(kind: str, path) -> None:
    try:
        lines_of(kind, path)
    except DataError as error:
        check(error.problems)


def lines_of(kind: str, path) -> None:
    if kind == "layouts":
        records, problems = read_layouts([path], strict=False)
        check(problems)
        for record in records:
            to_record(record)
    elif kind == "replay":
        used = {("shop", "7", pd.Timestamp("2024-01-01", tz="UTC").to_pydatetime()): ("news",)}
        for visit in read_replay(path, used):
            assert all(type(n) in (int, float) for box in visit.layout.values() for n in box)
            assert visit.distortion is None or visit.distortion >= 0
    elif kind == "decisions":
        read_decisions(path, is_log=True)
    elif kind == "edits":
        for pair in read_pairs([path]):
            assert all(side.boxes.shape == (len(pair.before), 4) for side in arranged(pair))
    elif kind == "ends of edits":
        assert all(np.isfinite(record.boxes).all() for record in read_edited([path]))
    else:
        table = read_episodes(path)
        assert np.isfinite(list(table["seconds"])).all()
        assert not np.isinf(list(table["bits"])).any()
        assert all(is_held_out(session) in (True, False) for session in table["session"])


def arranged(pair: Pair) -> list[Arrangement]:
    return [arrangement(side, pair.columns) for side in (pair.before, pair.after)]


OULAD = {
    "studentVle.csv": "code_module,code_presentation,id_student,id_site,date,sum_click\n"
    "AAA,2013J,7,11,-1,2\n",
    "vle.csv": "id_site,code_module,code_presentation,activity_type\n11,AAA,2013J,quiz\n",
    "studentInfo.csv": "code_module,code_presentation,id_student,gender,region,"
    "highest_education,imd_band,age_band,disability\nAAA,2013J,7,F,Wales,A,10-20,0-35,N\n",
}
JOURNEY = {
    "transactions": "household_id,basket_id,product_id,transaction_timestamp\n"
    "1,5,9,2017-01-01 10:00\n",
    "products": "product_id,department\n9,DRUG GM\n",
    "demographics": "household_id,age\n1,35-44\n",
}


@FEW
@given(st.sampled_from(list(OULAD)), CHANGES)
def test_a_spoilt_folder_of_oulad(tmp_path, spoil, changes):
    for name, text in OULAD.items():
        (tmp_path / name).write_bytes(spoilt(text.encode(), changes if name == spoil else []))
    read_folder(tmp_path, "oulad")


@FEW
@given(st.sampled_from(list(JOURNEY)), CHANGES)
def test_spoilt_files_of_completejourney(tmp_path, spoil, changes):
    for name, text in JOURNEY.items():
        content = spoilt(parquet(text), changes if name == spoil else [])
        (tmp_path / f"{name}.parquet").write_bytes(content)
    read_folder(tmp_path, "completejourney")


@settings(FEW, max_examples=20)
@given(st.data())
def test_tables_of_completejourney_with_columns_of_any_type(tmp_path, data):
    for name, text in JOURNEY.items():
        frame = pd.read_csv(io.StringIO(text), dtype=str)
        for column in data.draw(st.sets(st.sampled_from(list(frame.columns)), max_size=1)):
            frame[column] = pd.Series([data.draw(VALUES)], dtype=object)
        try:
            frame.to_parquet(tmp_path / f"{name}.parquet")
        except Exception:  # Parquet cannot hold it
            return
    read_folder(tmp_path, "completejourney")


def read_folder(folder, form: str) -> None:
    try:
        records = formats.read(folder, form, strict=False)
    except DataError as error:
        assert error.problems
        check(error.problems)
        return
    check(records.problems)
    for row in records.visits.itertuples():
        assert row.user and row.block and row.uses >= 1 and "\x00" not in row.user
