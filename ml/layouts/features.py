"""Features of a layout, for comparing two arrangements of the same blocks.

Every layout is first closed upwards, sorted by block and rounded: gaps (which a browser removes),
the order of items and the format of numbers could reveal which of two versions is the newer.
Boxes: (N, 4) of x, y, w, h in the tool's units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ml.layouts.augment import close_gaps
from ml.layouts.records import Floats
from uiengine.cost.energy import pointing_seconds

SMALL = ("stat", "singlestat", "gauge", "query_value", "text", "note", "metric", "markdown")
WIDE = ("table", "log")
TITLES = ("row", "group", "header")
PAGE_PX, ROW_PX, VIEWPORT_PX = 1200.0, 40.0, 800.0
"""Assumed pixels of a page's width, a row's height and a viewport's height."""


class Arrangement(NamedTuple):
    """A normalised layout. boxes: (N, 4), sorted by block id; types: of each box."""

    boxes: Floats
    types: tuple[str, ...]
    columns: float


def arrangement(items: Sequence[Mapping[str, Any]], columns: float) -> Arrangement:
    """Normalises items {id, type, x, y, w, h} of a grid of `columns`."""
    placed = sorted(items, key=lambda item: str(item["id"]))
    boxes = np.round(np.array([[item[f] for f in "xywh"] for item in placed], dtype=float), 3)
    boxes[:, 1] -= boxes[:, 1].min()
    return Arrangement(close_gaps(boxes), tuple(str(i["type"]) for i in placed), float(columns))


def height(layout: Arrangement) -> float:
    """Returns the bottom edge of the lowest box, in rows."""
    return float((layout.boxes[:, 1] + layout.boxes[:, 3]).max())


def density(layout: Arrangement) -> float:
    """Returns the share of the page that blocks cover."""
    _, _, w, h = layout.boxes.T
    return float((w * h).sum() / (height(layout) * layout.columns))


def unevenness(layout: Arrangement) -> float:
    """Returns the share of blocks with a neighbour of another height in their row."""
    _, y, _, h = layout.boxes.T
    beside = (y[:, None] == y) & (h[:, None] != h)
    return float(beside.any(1).mean())


def reflow(items: Sequence[Mapping[str, Any]]) -> float:
    """Returns by how many rows blocks move up on average when gaps close. Takes raw items."""
    boxes = np.array([[item[f] for f in "xywh"] for item in items], dtype=float)
    boxes[:, 1] -= boxes[:, 1].min()
    return float((boxes[:, 1] - close_gaps(boxes)[:, 1]).mean())


def seconds(layout: Arrangement) -> float:
    """Returns the engine's pointing seconds, mean over blocks: its energy without any demand."""
    column = PAGE_PX / layout.columns
    x, y, w, h = (layout.boxes * [column, ROW_PX, column, ROW_PX]).T
    return float(pointing_seconds(x, y, w, h, VIEWPORT_PX).mean())


def features(layout: Arrangement) -> dict[str, float]:
    """Returns features of the page, its rows and block types, and shares of size classes."""
    return {**_page(layout), **_rows(layout), **_types(layout), **_classes(layout)}


def _page(layout: Arrangement) -> dict[str, float]:
    x, _, w, h = layout.boxes.T
    share = w / layout.columns
    found = {
        "height": np.log(height(layout)),
        "area": np.log((w * h).sum()),
        "density": density(layout),
        "right": (x + w).max() / layout.columns,
        "full": (share >= 1).mean(),
        "narrow": (share <= 1 / 6).mean(),
        "aspect": np.log(w / h).mean(),
        "distinct_w": np.log(len(set(w))),
        "distinct_h": np.log(len(set(h))),
        "distinct_x": np.log(len(set(x))),
    }
    for name, values in (("w", np.log(share)), ("h", np.log(h))):
        found |= {f"mean_{name}": values.mean(), f"spread_{name}": values.std()}
        found |= {f"least_{name}": values.min(), f"most_{name}": values.max()}
    return {name: float(value) for name, value in found.items()}


def _rows(layout: Arrangement) -> dict[str, float]:
    x, y, w, h = layout.boxes.T
    beside = (y[:, None] < y + h) & (y < (y + h)[:, None])
    follows = beside & (x >= (x + w)[:, None] - 1e-9)
    crosses = beside & (x[:, None] < x + w) & (x < (x + w)[:, None])
    ends = follows.any(1) | (x + w >= layout.columns - 1e-9)
    level = y[:, None] == y
    return {
        "ragged": float(1 - ends.mean()),
        "overlaps": float(np.log1p(crosses.sum() - len(x))),
        "uneven": unevenness(layout),
        "unlike": float((level & (w[:, None] != w)).any(1).mean()),
        "rows": float(np.log(len(set(y)))),
    }


def _types(layout: Arrangement) -> dict[str, float]:
    x, y, w, h = layout.boxes.T
    count = len(x)
    rank = np.empty(count)
    rank[np.lexsort((x, y))] = np.arange(count)
    ordered = [layout.types[i] for i in np.argsort(rank)]
    changes = sum(a != b for a, b in pairwise(ordered))
    area = w * h
    found = {
        "type_changes": changes / count,
        "large_low": float((area * rank).sum() / area.sum() / count),
    }
    for name, words in (("small", SMALL), ("wide", WIDE), ("titles", TITLES)):
        of = np.array([any(word in kind for word in words) for kind in layout.types])
        if of.any():
            found[f"{name}_rank"] = float(rank[of].mean() / count)
            found[f"{name}_h"] = float(np.log(h[of]).mean())
            found[f"{name}_w"] = float(np.log(w[of] / layout.columns).mean())
    by_type: dict[str, list[int]] = defaultdict(list)
    for i, kind in enumerate(layout.types):
        by_type[kind].append(i)
    for name, values in (("w", np.log(w)), ("h", np.log(h))):
        spreads = [float(values[members].std()) for members in by_type.values()]
        found[f"spread_{name}_in_types"] = float(np.mean(spreads))
    return found


def _classes(layout: Arrangement) -> dict[str, float]:
    """Returns the share of blocks per width, height and both, alone and per type."""
    x, _, w, h = layout.boxes.T
    found: dict[str, float] = defaultdict(float)
    grid = int(layout.columns)
    for kind, left, wide, high in zip(layout.types, x, w, h, strict=True):
        a, b = round(24 * wide / grid), round(high)
        names = (
            f"w {a}", f"w {a} of {grid}", f"h {b} of {grid}", f"{kind} w {a}",
            f"{kind} h {b} of {grid}", f"w {a} h {b} of {grid}", f"x {round(24 * left / grid)}",
        )  # fmt: skip
        for name in names:
            found[f"class {name}"] += 1 / len(x)
    return dict(found)
