"""Reads and checks tables of visits and of people, Parquet or CSV.

A visits table has the columns of VISIT_COLUMNS, one row per block that was used in a visit. A
people table has `user`, optionally `surface`, and any number of attributes. All bad values are
reported together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet

from ml.data.errors import BadValue, DataError

VISIT_COLUMNS = ("surface", "user", "at", "block", "uses")
DATE = re.compile(r"\d{4}-?\d{2}(-?\d{2})?")
"""An ISO date without a time."""
ONCE = "must occur once per visit (same surface, user and at)"
"""The rule that two rows with one block break."""
MOST_USES = 1_000_000
"""Largest number of uses of one block in one visit that is taken for real."""


def read_visits(
    paths: Iterable[Path | str], *, strict: bool = True
) -> tuple[pd.DataFrame, list[BadValue]]:
    """Reads files of visits into one frame: VISIT_COLUMNS, `when` (UTC, datetime64) and `day`.

    Args:
        strict: raise on any bad value; otherwise skip bad rows and return them as problems.

    Raises:
        DataError: a bad value when strict, or a file that cannot be read as visits at all.
    """
    return _read(paths, check_visits, strict)


def read_people(
    paths: Iterable[Path | str], *, strict: bool = True
) -> tuple[pd.DataFrame, list[BadValue]]:
    """Reads files of people into one frame, one row per user (and surface, if the files have it).

    Attributes are strings. strict and errors are those of `read_visits`.
    """
    return _read(paths, check_people, strict)


def _read(
    paths: Iterable[Path | str],
    check: Callable[[pd.DataFrame, str], tuple[pd.DataFrame, list[BadValue]]],
    strict: bool,
) -> tuple[pd.DataFrame, list[BadValue]]:
    frames, problems = [], []
    for path in map(Path, paths):
        frame, found = check(read_table(path), path.name)
        frames.append(frame)
        problems += found
    if not frames:
        raise DataError([BadValue("-", 0, "files", "none", "at least one file is needed")])
    joined = pd.concat(frames, ignore_index=True)
    if strict and problems:
        raise DataError(problems, can_skip=True)
    return joined, problems


def read_table(path: Path) -> pd.DataFrame:
    """Reads a Parquet or CSV file; CSV values stay text, so that ids keep their leading zeros."""
    if path.is_dir():
        rule = "is a folder: name a .csv or .parquet file in it"
        raise DataError([BadValue(str(path), 0, "file", str(path), rule)])
    if not path.is_file():
        raise DataError([BadValue(str(path), 0, "file", str(path), "the file must exist")])
    try:
        if path.suffix == ".parquet":
            pyarrow.parquet.read_table(path).validate(full=True)  # pandas decodes text when asked
            return pd.read_parquet(path)
        if path.suffix == ".csv":
            return pd.read_csv(path, dtype=str, keep_default_na=False)
    except Exception as error:  # each kind of damage is an exception of its own
        raise _unreadable(path, error) from error
    raise DataError([BadValue(path.name, 0, "suffix", path.suffix, "must be .parquet or .csv")])


def table_chunks(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    """Yields the rows of `read_table`, so many at a time; numbers of Parquet stay whole."""
    if path.suffix not in (".parquet", ".csv") or not path.is_file():
        read_table(path)  # which says what is wrong
    chunks = _parquet_chunks(path, rows) if path.suffix == ".parquet" else _csv_chunks(path, rows)
    try:
        yield from chunks
    except DataError:
        raise
    except Exception as error:  # each kind of damage is an exception of its own
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    form = "Parquet" if path.suffix == ".parquet" else "CSV in UTF-8"
    rule = f"must be readable as {form}: correct the file, or export it again"
    return DataError([BadValue(path.name, 0, "file", str(error), rule)])


def _csv_chunks(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    with pd.read_csv(path, dtype=str, keep_default_na=False, chunksize=rows) as chunks:
        yield from chunks


def _parquet_chunks(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    with pyarrow.parquet.ParquetFile(path) as file:
        empty = file.schema_arrow.empty_table()
        for batch in file.iter_batches(rows):
            table = pyarrow.Table.from_batches([batch])
            table.validate(full=True)  # pandas decodes text when asked
            yield table.to_pandas(integer_object_nulls=True)
        if not file.metadata.num_rows:
            yield empty.to_pandas()


def check_visits(frame: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[BadValue]]:
    """Returns the good rows, with `when` and `day` added, and the bad values of the others."""
    _need_columns(frame, VISIT_COLUMNS, file)
    rows = frame.loc[:, list(VISIT_COLUMNS)].reset_index(drop=True)
    problems: list[BadValue] = []
    bad = np.zeros(len(rows), dtype=bool)

    def refuse(which: Any, field: str, rule: str) -> None:
        fresh = np.flatnonzero(np.asarray(which, dtype=bool))
        values = frame[field].to_numpy()
        problems.extend(BadValue(file, int(i) + 1, field, str(values[i]), rule) for i in fresh)
        bad[fresh] = True

    for field in ("surface", "user", "block"):
        rows[field] = as_texts(rows[field])
        blank = [value for value in rows[field].unique() if not value.strip()]
        refuse(rows[field].isin(blank), field, "must not be empty")
    rows["at"] = _as_text(rows["at"])
    rows["when"] = parse_times(rows["at"])
    refuse(rows["when"].isna(), "at", "must be an ISO date or datetime, UTC unless it says so")
    uses = pd.to_numeric(rows["uses"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    whole = (uses >= 1) & (uses <= MOST_USES) & (uses == np.floor(uses))
    refuse(~whole, "uses", f"must be a whole number from 1 to {MOST_USES:,}")
    good = rows[~bad]
    key = good.duplicated(["surface", "user", "when", "block"])
    again = np.zeros(len(rows), dtype=bool)
    again[good.index[key]] = True
    refuse(again, "block", ONCE)
    rows = rows[~bad].reset_index(drop=True)
    rows["uses"] = uses[~bad].astype("int64")
    rows["day"] = rows["when"].to_numpy().astype("datetime64[D]").astype(np.int64)
    return rows, sorted(problems, key=lambda p: (p.row, p.field))


def days_cut(visits: pd.DataFrame, zones: Mapping[str, str], zone: str = "") -> pd.DataFrame:
    """Returns checked visits whose `day` begins at midnight of their surface's zone.

    A date without a time is that day in any zone. zones: IANA names by surface; others: UTC. zone:
    the same for all of them instead.
    """
    rows = visits.copy()
    has_time = ~rows["at"].str.fullmatch(DATE).to_numpy(dtype=bool)
    for slug in rows["surface"].unique():
        name = zone or zones.get(str(slug), "UTC")
        mine = has_time & (rows["surface"] == slug).to_numpy()
        if name != "UTC" and mine.any():
            local = rows.loc[mine, "when"].dt.tz_localize("UTC").dt.tz_convert(name)
            days = local.dt.tz_localize(None).to_numpy().astype("datetime64[D]")
            rows.loc[mine, "day"] = days.astype(np.int64)
    return rows


def as_texts(column: pd.Series) -> pd.Series:
    """Converts each value to text; missing values become ''.

    Bytes that are not UTF-8 become surrogates, which `formats` refuses.
    """
    if pd.api.types.infer_dtype(column) == "string":
        return column.astype(object).where(column.notna(), "")
    return pd.Series([_text(value) for value in column], index=column.index, dtype=object)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    is_missing = value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))
    return "" if is_missing else str(value)


def _as_text(times: pd.Series) -> pd.Series:
    """Keeps times as the file has them; timestamp values become ISO text."""
    if pd.api.types.is_datetime64_any_dtype(times):
        return times.map(lambda t: t.isoformat() if not pd.isna(t) else "")
    if pd.api.types.infer_dtype(times, skipna=False) == "string":
        return times
    return times.map(lambda t: t.isoformat() if hasattr(t, "isoformat") else str(t))


def parse_times(texts: pd.Series) -> pd.Series:
    """Parses ISO dates and datetimes to naive UTC timestamps; NaT where that fails."""
    parsed = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    return parsed.dt.tz_localize(None)


def check_people(frame: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[BadValue]]:
    """Returns the good rows and the bad values: users that are empty or repeat on a surface."""
    _need_columns(frame, ("user",), file)
    key = [c for c in ("user", "surface") if c in frame.columns]
    columns = {str(name): as_texts(frame[name]) for name in frame.columns}
    rows = pd.DataFrame(columns, index=frame.index).reset_index(drop=True)
    problems = []
    for field in key:
        for i in np.flatnonzero(rows[field].str.strip() == ""):
            problems.append(BadValue(file, int(i) + 1, field, rows[field][i], "must not be empty"))
    for i in np.flatnonzero(rows.duplicated(key)):
        rule = f"must occur once per {' and '.join(key)}"
        problems.append(BadValue(file, int(i) + 1, "user", rows["user"][i], rule))
    bad = {p.row - 1 for p in problems}
    return rows.drop(index=sorted(bad)).reset_index(drop=True), problems


def _need_columns(frame: pd.DataFrame, columns: Sequence[str], file: str) -> None:
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        have = ", ".join(map(str, frame.columns)) or "none"
        rule = f"columns {', '.join(columns)} are needed; missing: {', '.join(missing)}"
        raise DataError([BadValue(file, 0, "columns", have, rule)])
