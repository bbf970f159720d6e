"""Layouts that people made, as the codec sees them. numpy only.

A record's items are exchangeable within a kind, so the codec knows them as *slots*: kinds in
alphabetical order, and within a kind the encoder numbers them in reading order. The decoder gets
the kinds and their numbers, nothing else; shuffling a record's items changes no slot.
N: slots of one record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.data import read_layouts
from uiengine.features import TEXT_BUCKETS, hashed_text

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WIDTHS = 24
"""Width classes: 1/24 … 24/24 of the page's used width."""
UNIT = 12
"""Rows that the layout's usual height is given, whatever its own units are."""
HEIGHTS = np.unique(np.maximum(np.round(UNIT * 2.0 ** np.arange(-3.5, 3.26, 0.25)), 1))
"""Height classes, in rows: quarter octaves around the usual height."""
SPANS = (1.0, 0.5)
"""Share of the columns that a page uses; some tools fill half of their grid."""
HEADERS = frozenset({"row", "group", "header"})
"""Kinds that say nothing of a layout's usual height."""
FREQUENCIES = (1, 2, 3, 4, 6)
GRIDS = (12, 24, 48, 72)
"""Numbers of columns that have a feature of their own."""
SLOT = 1 + 2 * len(FREQUENCIES) + 5 + 8 + 4 + 3 + len(GRIDS) + 2
"""Width of the features of `slot_features`."""
PLACE = 10 + WIDTHS + len(HEIGHTS)
"""Width of the features of `place_features`."""
_NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Record:
    """One layout, slots in canonical order. boxes: (N, 4) of x, y, w, h in the tool's units, the
    first row at y = 0; index: (N,), each slot's place among the file's items."""

    id: str
    columns: int
    kinds: tuple[str, ...]
    boxes: Floats
    index: Ints


@dataclass(frozen=True)
class Targets:
    """What the decoder should say. rank: (N,) in reading order, 0 = top; width, height: (N,)
    classes; span: index in SPANS; unit: the layout's usual height in its own units."""

    rank: Ints
    width: Ints
    height: Ints
    span: int
    unit: float


def read_records(paths: Iterable[Path | str]) -> list[Record]:
    """All layouts of JSONL files, in order."""
    return [to_record(raw) for raw in read_layouts(paths)[0]]


def to_record(raw: Mapping[str, Any]) -> Record:
    """A record of DESIGN section 4. An item without a kind has the kind ''."""
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
    """A container that holds other items counts as its header only: outputs never overlap."""
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


def used_columns(columns: int, span: int) -> int:
    return max(1, round(columns * SPANS[span]))


def usual_height(kinds: Sequence[str], boxes: Floats) -> float:
    """The height that covers most area; headers count only where there is nothing else."""
    area: Counter[float] = Counter()
    content = [k not in HEADERS for k in kinds]
    for (_, _, w, h), counts in zip(boxes, content, strict=True):
        if counts or not any(content):
            area[float(h)] += float(w * h)
    return max(area, key=lambda h: (area[h], -h))


def _without_containers(boxes: Floats) -> Floats:
    """Boxes where one that overlaps smaller ones ends where the topmost of those begins."""
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


@lru_cache(maxsize=4096)
def kind_text(kind: str) -> npt.NDArray[np.float32]:
    """Hashed 3-grams of a kind, so that unknown kinds are something too."""
    return hashed_text(kind, kind) if kind else np.zeros(TEXT_BUCKETS, dtype=np.float32)


def slot_features(kinds: Sequence[str], columns: int) -> npt.NDArray[np.float32]:
    """What the decoder may know of each slot beside its kind, (N, SLOT): its number among its
    kind, how many there are, the columns of the grid."""
    total = Counter(kinds)
    seen: Counter[str] = Counter()
    number = np.empty(len(kinds))
    for i, kind in enumerate(kinds):
        number[i] = seen[kind]
        seen[kind] += 1
    count = np.array([total[kind] for kind in kinds], dtype=np.float64)
    left = count - 1 - number
    part = (number + 0.5) / count
    size = np.full(len(kinds), np.log(len(kinds)) / 3)
    features = [2 * part - 1]
    features += [wave(np.pi * f * part) for f in FREQUENCIES for wave in (np.sin, np.cos)]
    features += [np.minimum(number, 12) / 6 - 1, np.minimum(left, 12) / 6 - 1]
    features += [np.log(count) / 2, size, count / len(kinds)]
    features += [number == i for i in range(8)] + [left == i for i in range(4)]
    features += [number % i == 0 for i in (2, 3, 4)]
    grid = [float(columns == g) for g in GRIDS] + [np.log2(columns / 24) / 3, len(total) / 6]
    features += [np.full(len(kinds), value) for value in grid]
    return np.stack(features, 1).astype(np.float32)


def place_features(record: Record, goal: Targets) -> npt.NDArray[np.float32]:
    """What the layout encoder sees of each box, (N, PLACE)."""
    x, y, w, h = record.boxes.T
    bottom, columns, unit = (y + h).max(), record.columns, goal.unit
    count = len(x)
    features = [x / columns, w / columns, (x + w) / columns, y / bottom, 5 * h / bottom]
    features += [y / unit / 4, h / unit, np.log(h / unit)]
    features += [goal.rank / max(count - 1, 1), 1 / (goal.rank + 1)]
    classes = [np.eye(WIDTHS)[goal.width], np.eye(len(HEIGHTS))[goal.height]]
    return np.concatenate([np.stack(features, 1), *classes], 1).astype(np.float32)
