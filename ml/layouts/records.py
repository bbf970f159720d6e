"""Layouts that people made, as the codec sees them. numpy only.

Items of one kind are exchangeable, so a record orders its items as *slots*: by kind,
alphabetically, and within a kind in reading order. The decoder gets only kinds and numbers within
a kind, so the order of items in the file changes nothing. N: slots of one record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.data.errors import BadValue, DataError
from ml.data.json_lines import check_layout, parse_line, read_layouts, text_lines
from uiengine.model.layout_slots import HEIGHTS, SPANS, UNIT, WIDTHS, used_columns, usual_height

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PLACE = 10 + WIDTHS + len(HEIGHTS)
"""Number of features per slot in `place_features`."""
_NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Record:
    """One layout, its slots in canonical order.

    boxes: (N, 4), x, y, w, h in the tool's units, the first row at y = 0. index: (N,), position of
    each slot among the file's items.
    """

    id: str
    columns: int
    kinds: tuple[str, ...]
    boxes: Floats
    index: Ints


@dataclass(frozen=True)
class Targets:
    """Decoder targets of one layout.

    rank: (N,), in reading order, 0 = top. width, height: (N,), classes. span: index in SPANS.
    unit: the layout's usual height in its own units.
    """

    rank: Ints
    width: Ints
    height: Ints
    span: int
    unit: float


def read_records(paths: Iterable[Path | str], *, strict: bool = True) -> list[Record]:
    """Reads the layouts of JSONL files. strict: raise DataError on a bad line, else skip it."""
    return [to_record(raw) for raw in read_layouts(paths, strict=strict)[0]]


def read_edited(paths: Iterable[Path | str]) -> list[Record]:
    """Reads the `after` layouts of files of edits; skips edits whose `after` is incomplete."""
    records = []
    for path in map(Path, paths):
        for number, line in text_lines(path):
            try:
                raw = _after(parse_line(line))
            except (ValueError, KeyError, TypeError) as error:
                rule = f"must be an edit with its items after: {error!r}"
                raise DataError([BadValue(path.name, number, "line", line[:60], rule)]) from error
            found, wrong = check_layout(json.dumps(raw), path.name, number)
            if found is not None and not wrong:
                records.append(to_record(found))
    return records


def _after(edit: Mapping[str, Any]) -> dict[str, Any]:
    """Converts an edit to a layout line; without `columns`, the widest row gives them."""
    items = [{"kind": i["type"], **{f: i[f] for f in "xywh"}} for i in edit["after"]]
    widest = max((item["x"] + item["w"] for item in items), default=1)
    return {
        "id": f"{edit.get('repo', '')} {edit.get('time', '')}",
        "source": edit.get("source", ""),
        "columns": edit.get("columns") or widest,
        "items": items,
    }


def to_record(raw: Mapping[str, Any]) -> Record:
    """Converts a line {id, columns, items: [{kind, x, y, w, h}]}; a missing kind is ''."""
    if not raw["items"]:
        return Record(str(raw.get("id", "")), int(raw["columns"]), (), np.empty((0, 4)), _NONE)
    items = raw["items"]
    boxes = np.array([[item[f] for f in "xywh"] for item in items], dtype=np.float64)
    boxes[:, 1] -= boxes[:, 1].min()
    kinds = [str(item.get("kind", "")) for item in items]
    x, y, w, h = boxes.T
    index = np.lexsort((h, w, x, y, np.array(kinds)))
    return Record(
        str(raw.get("id", "")),
        int(raw["columns"]),
        tuple(kinds[i] for i in index),
        boxes[index],
        index,
    )


def targets(record: Record) -> Targets:
    """Returns decoder targets; containers count as their header only, as outputs never overlap."""
    boxes = _without_containers(record.boxes)
    x, y, w, h = boxes.T
    rank = np.empty(len(boxes), dtype=np.int64)
    rank[np.lexsort((h, w, x, y))] = np.arange(len(boxes))
    span = int((x + w).max() <= SPANS[1] * record.columns)
    unit = usual_height(record.kinds, boxes)
    share = w / used_columns(record.columns, span)
    width = np.clip(np.round(share * WIDTHS), 1, WIDTHS).astype(np.int64) - 1
    height = np.abs(np.log(UNIT * h / unit)[:, None] - np.log(HEIGHTS)).argmin(1)
    return Targets(rank, width, height, span, unit)


def _without_containers(boxes: Floats) -> Floats:
    """Shortens each box that overlaps smaller ones to end where the topmost of them begins."""
    x, y, w, h = boxes.T
    crosses = (
        (x[:, None] < x + w)
        & (x < (x + w)[:, None])
        & (y[:, None] < y + h)
        & (y < (y + h)[:, None])
        & ((w * h)[:, None] > w * h)
    )
    cut = boxes.copy()
    for i in np.flatnonzero(crosses.any(1)):
        cut[i, 3] = max(1.0, float(y[crosses[i]].min() - y[i]))
    return cut


def place_features(record: Record, goal: Targets) -> npt.NDArray[np.float32]:
    """Returns the layout encoder's features of each box, (N, PLACE)."""
    x, y, w, h = record.boxes.T
    bottom, columns, unit = (y + h).max(), record.columns, goal.unit
    count = len(x)
    features = [x / columns, w / columns, (x + w) / columns, y / bottom, 5 * h / bottom]
    features += [y / unit / 4, h / unit, np.log(h / unit)]
    features += [goal.rank / max(count - 1, 1), 1 / (goal.rank + 1)]
    classes = [np.eye(WIDTHS)[goal.width], np.eye(len(HEIGHTS))[goal.height]]
    return np.concatenate([np.stack(features, 1), *classes], 1).astype(np.float32)
