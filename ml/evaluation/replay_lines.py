"""Reads and checks the replay lines that `ml.judge` judges; no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ml.data.errors import BadValue, DataError
from ml.data.json_lines import parse_line, text_lines

Used = Mapping[tuple[str, str, str], Sequence[str]]
"""Blocks used per (surface, user, at)."""
NEEDED = ("user", "surface", "at", "visit", "layout", "default", "tokens")


def read_lines(path: Path, visits: Used) -> Iterator[dict[str, Any]]:
    """Yields the lines in file order.

    Raises DataError at the first malformed line or unknown visit, and for an empty file.
    """
    number = 0
    for number, line in text_lines(path):
        try:
            row = parse_line(line)
        except ValueError as error:
            rule = f"must be a line of JSON, as ml.replay writes them: {error}"
            raise DataError([BadValue(path.name, number, "line", line[:60], rule)]) from error
        for field, value, rule in _wrong(row, visits):
            raise DataError([BadValue(path.name, number, field, str(value)[:60], rule)])
        yield row
    if not number:
        rule = "must hold a line per visit: write it with python -m ml.replay"
        raise DataError([BadValue(path.name, 0, "lines", "0", rule)])


def _wrong(row: Any, visits: Used) -> Iterator[tuple[str, Any, str]]:
    """Yields field, value and rule of each fault; only the first is meaningful."""
    missing = [name for name in NEEDED if not isinstance(row, dict) or name not in row]
    if missing:
        yield "line", row, f"must be as ml.replay writes them; missing: {', '.join(missing)}"
    for field in ("surface", "user", "at"):
        if not isinstance(row[field], str):
            yield field, row[field], "must be text"
    if type(row["visit"]) is not int:
        yield "visit", row["visit"], "must be a whole number"
    for field in ("layout", "default", "tokens"):
        if not isinstance(row[field], list):
            yield field, row[field], "must be a list"
    used = visits.get((row["surface"], row["user"], row["at"]))
    if used is None:
        whose = f"{row['user']!r} on {row['surface']!r}"
        yield "at", row["at"], f"--visits has no such visit of {whose}: name the replayed file"
        return
    placed = [item.get("id") if isinstance(item, dict) else None for item in row["layout"]]
    for field, shown in (("layout", placed), ("default", row["default"])):
        if not all(isinstance(block, str) for block in shown):
            yield field, row[field], "must name every block by its id"
        if lacking := sorted(set(used) - set(shown)):
            yield field, row[field], f"lacks blocks used in this visit: {', '.join(lacking)}"
    if set(placed) != set(row["default"]):
        yield "default", row["default"], "must hold the blocks of layout"
