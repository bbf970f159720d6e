"""Values of a Parquet export that are no plausible time are refused by row, each with its reason.

The plausible ones beside them are imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.ml.events.test_formats import ms, read

GOOD = ms("2026-05-04T09:00:00Z")
FUTURE, PAST = "a time in the future", "a time before the year 2000"
UNREAD = "no time that can be read"
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def written(folder: Path, times: pa.Array) -> Path:
    """One event for each time, of one person, written as data tools do."""
    count = len(times)
    columns: dict[str, Any] = {"event": ["click"] * count, "user": ["u"] * count}
    columns |= {"id": list(range(count)), "section": ["forum"] * count, "at": times}
    pq.write_table(pa.table(columns), folder / "events.parquet", version="2.6")
    return folder / "events.parquet"


@pytest.mark.parametrize("unit", PER_SECOND)
def test_a_wrong_unit_that_gives_1970_or_50000_is_refused(tmp_path, unit):
    good = GOOD // 1000 * PER_SECOND[unit]
    wrong = [good // 1000, 0, -1]
    if unit != "ns":  # 64 bits of nanoseconds end in 2262
        wrong.append(good * 1000)
    times = pa.array([good, *wrong], type=pa.timestamp(unit))

    found, report = read(written(tmp_path, times), "plain")

    assert found == [("u", GOOD, "use", "forum")]
    assert report.reasons == {PAST: 3} | ({FUTURE: 1} if unit != "ns" else {})


@pytest.mark.parametrize("unit", ["ms", "us"])
def test_a_time_that_duckdb_cannot_hold_is_a_row_refused_and_not_the_file(tmp_path, unit):
    good = GOOD * PER_SECOND[unit] // 1000
    times = pa.array([good, -(2**63), 2**63 - 1, None], type=pa.timestamp(unit))

    found, report = read(written(tmp_path, times), "plain")

    assert found == [("u", GOOD, "use", "forum")]
    assert (report.read, report.reasons) == (4, {UNREAD: 3})


def test_numbers_of_no_unit_are_refused(tmp_path):
    numbers = [GOOD, 0, 1, 46_146, -GOOD, 20_260_504, 20_260_504_090_000, 2**63 - 1]

    found, report = read(written(tmp_path, pa.array(numbers)), "plain")

    assert found == [("u", GOOD, "use", "forum")]
    assert report.reasons == {PAST: 5, FUTURE: 2}


def test_texts_and_floats_that_are_no_time_are_refused(tmp_path):
    texts = [
        "2026-05-04T09:00:00Z",
        "garbage",
        "50000-01-01",
        "2026",
        "nan",
        "inf",
        "",
        "1970-01-01",
    ]

    found, report = read(written(tmp_path, pa.array(texts)), "plain")

    assert found == [("u", GOOD, "use", "forum")]
    assert report.reasons == {UNREAD: 4, PAST: 2, FUTURE: 1}
    floats = pa.array([GOOD / 1e3, float("nan"), float("inf"), 1e300, 1.5])
    assert read(written(tmp_path, floats), "plain")[1].reasons == {UNREAD: 3, PAST: 1}
