"""Reading and checking the files of DESIGN section 4: visits, people, layouts.

Bad rows are refused with file, row number, value and the rule, all in one report; nothing is half
read. No torch here.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet

VISIT_COLUMNS = ("surface", "user", "at", "block", "uses")
SHOWN_PROBLEMS = 20
"""Problems that a message spells out; all of them are in `DataError.problems`."""

MOST_USES = 1_000_000
"""Uses of one block in one visit; more are a fault of the file."""
MOST_COLUMNS, MOST_DIGITS = 10_000, 18
"""Of a grid, and of a whole number in a line of JSON."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One refused value. row: 1-based number of the data row, 0 for the file as a whole."""

    file: str
    row: int
    field: str
    value: str
    rule: str

    def __str__(self) -> str:
        where = f"{self.file}, row {self.row}" if self.row else self.file
        return f"{where}: {self.field} = {self.value!r}; {self.rule}"


class DataError(ValueError):
    """Rows that break a rule; `problems` holds them all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = [str(p) for p in self.problems[:SHOWN_PROBLEMS]]
        if len(self.problems) > SHOWN_PROBLEMS:
            shown.append(f"… and {len(self.problems) - SHOWN_PROBLEMS} more")
        what = "these rows" if all(p.row for p in self.problems) else "this"
        head = f"{len(self.problems)} bad value(s). Correct {what}:"
        super().__init__("\n".join([head, *shown]))


def read_visits(
    paths: Iterable[Path | str], *, strict: bool = True
) -> tuple[pd.DataFrame, list[Problem]]:
    """Rows of all files with the columns of VISIT_COLUMNS, `when` (UTC, datetime64) and `day`.

    strict: raise DataError on any problem; otherwise skip bad rows and return what was skipped.
    A file that cannot be read as visits at all is always an error.
    """
    return _read(paths, check_visits, strict)


def read_people(
    paths: Iterable[Path | str], *, strict: bool = True
) -> tuple[pd.DataFrame, list[Problem]]:
    """One row per user, or per user and surface where the files say so; attributes as strings."""
    return _read(paths, check_people, strict)


def _read(
    paths: Iterable[Path | str],
    check: Callable[[pd.DataFrame, str], tuple[pd.DataFrame, list[Problem]]],
    strict: bool,
) -> tuple[pd.DataFrame, list[Problem]]:
    frames, problems = [], []
    for path in map(Path, paths):
        frame, found = check(read_table(path), path.name)
        frames.append(frame)
        problems += found
    if not frames:
        raise DataError([Problem("-", 0, "files", "none", "at least one file is needed")])
    joined = pd.concat(frames, ignore_index=True)
    if strict and problems:
        raise DataError(problems)
    return joined, problems


def read_table(path: Path) -> pd.DataFrame:
    """A Parquet or CSV file; CSV values stay text, so that ids keep their leading zeros."""
    if not path.is_file():
        raise DataError([Problem(str(path), 0, "file", str(path), "the file must exist")])
    try:
        if path.suffix == ".parquet":
            pyarrow.parquet.read_table(path).validate(full=True)  # pandas decodes text when asked
            return pd.read_parquet(path)
        if path.suffix == ".csv":
            return pd.read_csv(path, dtype=str, keep_default_na=False)
    except Exception as error:  # each kind of damage is an exception of its own
        raise DataError([Problem(path.name, 0, "file", str(error), "must be readable")]) from error
    raise DataError([Problem(path.name, 0, "suffix", path.suffix, "must be .parquet or .csv")])


def check_visits(frame: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[Problem]]:
    """The good rows, with `when` and `day`, and the problems of the others."""
    _need_columns(frame, VISIT_COLUMNS, file)
    rows = frame.loc[:, list(VISIT_COLUMNS)].reset_index(drop=True)
    problems: list[Problem] = []
    bad = np.zeros(len(rows), dtype=bool)

    def refuse(which: Any, field: str, rule: str) -> None:
        fresh = np.flatnonzero(np.asarray(which, dtype=bool))
        values = frame[field].to_numpy()
        problems.extend(Problem(file, int(i) + 1, field, str(values[i]), rule) for i in fresh)
        bad[fresh] = True

    for field in ("surface", "user", "block"):
        rows[field] = as_texts(rows[field])
        refuse(rows[field].str.strip() == "", field, "must not be empty")
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
    refuse(again, "block", "must occur once per visit (same surface, user and at)")
    rows = rows[~bad].reset_index(drop=True)
    rows["uses"] = uses[~bad].astype("int64")
    rows["day"] = rows["when"].to_numpy().astype("datetime64[D]").astype(np.int64)
    return rows, sorted(problems, key=lambda p: (p.row, p.field))


def as_texts(column: pd.Series) -> pd.Series:
    """Each value as text, '' where there is none; bytes that are no UTF-8 as halves of characters,
    which `formats` refuses."""
    if pd.api.types.infer_dtype(column) == "string":
        return column.astype(object).where(column.notna(), "")
    return pd.Series([_text(value) for value in column], index=column.index, dtype=object)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    is_missing = value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))
    return "" if is_missing else str(value)


def _as_text(times: pd.Series) -> pd.Series:
    """Times as they stand in the file; real timestamps in ISO form."""
    if pd.api.types.is_datetime64_any_dtype(times):
        return times.map(lambda t: t.isoformat() if not pd.isna(t) else "")
    return times.map(lambda t: t.isoformat() if hasattr(t, "isoformat") else str(t))


def parse_times(texts: pd.Series) -> pd.Series:
    """ISO dates and datetimes as naive UTC timestamps; NaT where the text is neither."""
    parsed = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    return parsed.dt.tz_localize(None)


def check_people(frame: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[Problem]]:
    """Users must not be empty, and occur once (once per surface where there is a surface)."""
    _need_columns(frame, ("user",), file)
    key = [c for c in ("user", "surface") if c in frame.columns]
    columns = {str(name): as_texts(frame[name]) for name in frame.columns}
    rows = pd.DataFrame(columns, index=frame.index).reset_index(drop=True)
    problems = []
    for field in key:
        for i in np.flatnonzero(rows[field].str.strip() == ""):
            problems.append(Problem(file, int(i) + 1, field, rows[field][i], "must not be empty"))
    for i in np.flatnonzero(rows.duplicated(key)):
        rule = f"must occur once per {' and '.join(key)}"
        problems.append(Problem(file, int(i) + 1, "user", rows["user"][i], rule))
    bad = {p.row - 1 for p in problems}
    return rows.drop(index=sorted(bad)).reset_index(drop=True), problems


def _need_columns(frame: pd.DataFrame, columns: Sequence[str], file: str) -> None:
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        have = ", ".join(map(str, frame.columns)) or "none"
        rule = f"columns {', '.join(columns)} are needed; missing: {', '.join(missing)}"
        raise DataError([Problem(file, 0, "columns", have, rule)])


def read_layouts(
    paths: Iterable[Path | str], *, strict: bool = True
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Records of JSONL files (plain or .gz): {id, source, columns, items: [{kind, x, y, w, h}]}."""
    records: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for path in map(Path, paths):
        for number, line in text_lines(path):
            record, found = check_layout(line, path.name, number)
            problems += found
            if record is not None and not found:
                records.append(record)
    if strict and problems:
        raise DataError(problems)
    return records, problems


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file, plain or .gz, numbered from 1. DataError where it is neither."""
    opened = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                yield number, line
    except (OSError, EOFError, UnicodeError, zlib.error) as error:
        problem = Problem(path.name, number, "file", str(path), f"must be readable text: {error}")
        raise DataError([problem]) from error


def parse_line(line: str) -> Any:
    """One line of JSON. ValueError for what is none, nested too deep, or not a finite number."""
    try:
        return json.loads(line, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits is too long")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


def check_layout(line: str, file: str, row: int) -> tuple[dict[str, Any] | None, list[Problem]]:
    """One line of a layouts file."""
    try:
        record = parse_line(line)
    except ValueError as error:
        return None, [Problem(file, row, "line", line[:60], f"must be a JSON object: {error}")]
    if not isinstance(record, dict) or not isinstance(record.get("items"), list):
        return None, [Problem(file, row, "items", line[:60], "must be a list of items")]
    problems = []
    columns = record.get("columns")
    if type(columns) is not int or not 1 <= columns <= MOST_COLUMNS:
        rule = f"must be a whole number from 1 to {MOST_COLUMNS}"
        problems.append(Problem(file, row, "columns", str(columns), rule))
    return record, [*problems, *check_items(record["items"], "items", file, row)]


def check_items(items: Sequence[Any], name: str, file: str, row: int) -> list[Problem]:
    """Boxes of a layout. name: of the list."""
    rule = "must be a number: x ≥ 0, sizes above 0, y from any row on"
    problems = []
    for i, item in enumerate(items):
        for field, least in (("x", 0), ("y", -1e9), ("w", 1e-9), ("h", 1e-9)):
            value = item.get(field) if isinstance(item, dict) else None
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not (least <= value <= 1e9)
            ):
                problems.append(Problem(file, row, f"{name}[{i}].{field}", str(value), rule))
    return problems
