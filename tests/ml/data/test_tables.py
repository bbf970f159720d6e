"""Bad files are refused with file, row, value and rule, all in one report."""

import gzip
import json
import subprocess
import sys

import pandas as pd
import pytest

from ml.data.errors import DataError
from ml.data.json_lines import check_layout, parse_line, read_layouts
from ml.data.tables import read_people, read_visits

GOOD = {"surface": "s", "user": "u", "at": "2024-01-01", "block": "b", "uses": 1}


def write(path, rows):
    pd.DataFrame(rows, dtype=object).to_csv(path, index=False)
    return path


def test_reads_dates_and_datetimes_as_utc(tmp_path):
    rows = [GOOD, {**GOOD, "at": "2024-01-01T23:30:00-02:00"}]
    frame, problems = read_visits([write(tmp_path / "v.csv", rows)])
    assert not problems
    assert list(frame["day"]) == [19723, 19724]
    assert list(frame["at"]) == ["2024-01-01", "2024-01-01T23:30:00-02:00"]


def test_reports_every_bad_value_at_once(tmp_path):
    rows = [
        GOOD,
        {**GOOD, "uses": 0},
        {**GOOD, "at": "yesterday", "block": ""},
        GOOD,
        {**GOOD, "user": "v", "uses": 1.5},
    ]
    path = write(tmp_path / "v.csv", rows)
    with pytest.raises(DataError) as caught:
        read_visits([path])
    found = [(p.file, p.row, p.field, p.value) for p in caught.value.problems]
    assert found == [
        ("v.csv", 2, "uses", "0"),
        ("v.csv", 3, "at", "yesterday"),
        ("v.csv", 3, "block", ""),
        ("v.csv", 4, "block", "b"),
        ("v.csv", 5, "uses", "1.5"),
    ]
    kept, problems = read_visits([path], strict=False)
    assert len(kept) == 1
    assert len(problems) == 5


def test_names_missing_columns_and_files(tmp_path):
    with pytest.raises(DataError, match="missing: uses"):
        read_visits([write(tmp_path / "v.csv", [{k: GOOD[k] for k in GOOD if k != "uses"}])])
    with pytest.raises(DataError, match="must exist"):
        read_visits([tmp_path / "none.csv"])


def test_people_occur_once_per_surface(tmp_path):
    rows = [{"user": "1", "surface": "a"}, {"user": "1", "surface": "b"}]
    frame, _ = read_people([write(tmp_path / "p.csv", rows)])
    assert len(frame) == 2
    with pytest.raises(DataError, match="once per user and surface"):
        read_people([write(tmp_path / "q.csv", [*rows, rows[0]])])


def test_layout_lines_are_checked():
    assert check_layout("{", "f", 1)[1][0].rule.startswith("must be a JSON object")
    line = '{"id": "a", "columns": 12, "items": [{"kind": "k", "x": -1, "y": 0, "w": 1, "h": 1}]}'
    assert [p.field for p in check_layout(line, "f", 1)[1]] == ["items[0].x"]


def test_what_to_do_about_bad_rows_can_be_done_at_a_prompt(tmp_path):
    with pytest.raises(DataError, match=r"1 bad value\(s\)\. Correct these rows:\n") as refused:
        read_visits([write(tmp_path / "v.csv", [{**GOOD, "uses": "x"}])])
    assert "strict" not in str(refused.value)


def test_parsing_needs_no_torch():
    code = "import sys, ml.data; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("uses", ["inf", "1e300", "1000001"])
def test_uses_beyond_belief_are_refused(tmp_path, uses):
    with pytest.raises(DataError, match="uses"):
        read_visits([write(tmp_path / "v.csv", [{**GOOD, "uses": uses}])])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.jsonl.gz", gzip.compress(b"{}\n" * 1000)[:-9]),
        ("plain.jsonl.gz", b"{}\n"),
        ("binary.jsonl", b"\xff\xfe\x00"),
    ],
)
def test_a_file_that_is_no_text_is_named(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{name}.*must be readable text"):
        read_layouts([path])
    with pytest.raises(DataError, match="missing"):
        read_layouts([tmp_path / "missing.jsonl"])


@pytest.mark.parametrize(
    "line", ["1e400", "NaN", "-Infinity", "9" * 400, "[" * 100_000, '{"a": 1e999}']
)
def test_a_line_holds_finite_numbers_and_no_deep_nests(line):
    with pytest.raises(ValueError, match=r"finite|digits|deep|Expecting"):
        parse_line(line)


@pytest.mark.parametrize("columns", [0, 10**12, 2.5, True])
def test_columns_of_a_layout_have_bounds(columns):
    _, problems = check_layout(json.dumps({"columns": columns, "items": []}), "f", 1)
    assert [p.field for p in problems] == ["columns"]
