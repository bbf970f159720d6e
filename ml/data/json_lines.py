"""Reads and checks lines of JSON, and the layouts they hold.

A layouts file has one JSON object per line, in grid cells:
`{id, source, columns, items: [{kind, x, y, w, h}]}`.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ml.data.errors import BadValue, DataError

MOST_COLUMNS = 10_000
"""Largest number of columns of a grid."""
MOST_DIGITS = 18
"""Digits of the longest whole number that is read."""


def read_layouts(
    paths: Iterable[Path | str], *, strict: bool = True
) -> tuple[list[dict[str, Any]], list[BadValue]]:
    """Reads the layouts of JSONL files, plain or .gz.

    strict: raise DataError on any bad line; otherwise skip it and return it as a problem.
    """
    records: list[dict[str, Any]] = []
    problems: list[BadValue] = []
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
    """Yields the lines of a text file, plain or .gz, numbered from 1. Raises DataError."""
    opened = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                yield number, line
    except (OSError, EOFError, UnicodeError, zlib.error) as error:
        problem = BadValue(path.name, number, "file", str(path), f"must be readable text: {error}")
        raise DataError([problem]) from error


def parse_line(line: str) -> Any:
    """Parses one line of JSON.

    Raises:
        ValueError: not JSON, nested too deep, or holding a number that is not finite.
    """
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


def check_layout(line: str, file: str, row: int) -> tuple[dict[str, Any] | None, list[BadValue]]:
    """Parses one line of a layouts file; returns the record, or None, and its bad values."""
    try:
        record = parse_line(line)
    except ValueError as error:
        return None, [BadValue(file, row, "line", line[:60], f"must be a JSON object: {error}")]
    if not isinstance(record, dict) or not isinstance(record.get("items"), list):
        return None, [BadValue(file, row, "items", line[:60], "must be a list of items")]
    problems = []
    columns = record.get("columns")
    if type(columns) is not int or not 1 <= columns <= MOST_COLUMNS:
        rule = f"must be a whole number from 1 to {MOST_COLUMNS}"
        problems.append(BadValue(file, row, "columns", str(columns), rule))
    return record, [*problems, *check_items(record["items"], "items", file, row)]


def check_items(items: Sequence[Any], name: str, file: str, row: int) -> list[BadValue]:
    """Returns the bad coordinates of a list of boxes; `name` is the list's name in messages."""
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
                problems.append(BadValue(file, row, f"{name}[{i}].{field}", str(value), rule))
    return problems
