"""Reads recorded rearrangements: the same blocks before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.data.errors import BadValue, DataError
from ml.data.json_lines import check_items, parse_line, text_lines


@dataclass(frozen=True)
class Pair:
    """An edit: items {id, type, x, y, w, h} with equal ids before and after, of a repository."""

    before: Sequence[Mapping[str, Any]]
    after: Sequence[Mapping[str, Any]]
    columns: float
    repo: str


def read_pairs(paths: Iterable[Path | str]) -> list[Pair]:
    """Reads the edits that keep the set of blocks; without `columns`, the widest row gives them.

    Raises DataError on the first line that is not an edit or whose pair has an invalid box. Boxes
    of other edits are not checked: real files hold some that lie outside their grid.
    """
    pairs = []
    for path in map(Path, paths):
        for number, line in text_lines(path):
            pair = _pair(line, path.name, number)
            if pair is not None:
                pairs.append(pair)
    return pairs


def _pair(line: str, file: str, row: int) -> Pair | None:
    try:
        edit = parse_line(line)
    except ValueError as error:
        raise DataError(
            [BadValue(file, row, "line", line[:60], f"must be JSON: {error}")]
        ) from error
    sides = {side: _items(edit, side, file, row) for side in ("before", "after")}
    before, after = sides.values()
    if not before or _ids(before) != _ids(after):
        return None
    problems = [p for side, items in sides.items() for p in check_items(items, side, file, row)]
    if problems:
        raise DataError(problems)
    widest = max(item["x"] + item["w"] for item in (*before, *after))
    columns = edit.get("columns") or widest
    if isinstance(columns, bool) or not isinstance(columns, int | float) or columns <= 0:
        rule = "must be a number above 0, or left out"
        raise DataError([BadValue(file, row, "columns", str(columns), rule)])
    return Pair(before, after, float(columns), str(edit.get("repo", "")))


def _ids(items: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted(item["id"] for item in items)


def _items(edit: Any, side: str, file: str, row: int) -> list[dict[str, Any]]:
    """Returns the items of one side with ids and types as text. Raises DataError."""
    items = edit.get(side) if isinstance(edit, dict) else None
    if not isinstance(items, list):
        rule = "must be a list of items {id, type, x, y, w, h}"
        raise DataError([BadValue(file, row, side, str(items)[:60], rule)])
    problems = []
    for i, item in enumerate(items):
        for field in ("id", "type"):
            value = item.get(field) if isinstance(item, dict) else None
            if not isinstance(value, str | int):
                rule = "must be text or a number"
                problems.append(BadValue(file, row, f"{side}[{i}].{field}", str(value)[:60], rule))
    if problems:
        raise DataError(problems)
    return [{**item, "id": str(item["id"]), "type": str(item["type"])} for item in items]
