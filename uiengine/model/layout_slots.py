"""Describes a page's blocks as *slots*, the inputs of a version's layout part.

Blocks of one kind are exchangeable in files of layouts, so a slot is a kind and a number within it:
kinds in alphabetical order, and within a kind 0, 1, … N: slots of one page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from uiengine.features import TEXT_BUCKETS, hashed_text

WIDTHS = 24
"""Width classes: 1/24 … 24/24 of the page's used width."""
UNIT = 12
"""Rows to which a layout's usual height is scaled, as units of height differ between tools."""
HEIGHTS = np.unique(np.maximum(np.round(UNIT * 2.0 ** np.arange(-3.5, 3.26, 0.25)), 1))
"""Height classes, in rows: quarter octaves around the usual height."""
SPANS = (1.0, 0.5)
"""Possible shares of the columns that a page uses; some tools fill half of their grid."""
HEADERS = frozenset({"row", "group", "header"})
"""Kinds that do not count for a layout's usual height."""
FREQUENCIES = (1, 2, 3, 4, 6)
GRIDS = (12, 24, 48, 72)
"""Numbers of columns with a separate feature."""
SLOT = 1 + 2 * len(FREQUENCIES) + 5 + 8 + 4 + 3 + len(GRIDS) + 2
"""Number of features in `slot_features`."""


def used_columns(columns: int, span: int) -> int:
    """Returns the number of columns used. span: index in SPANS."""
    return max(1, round(columns * SPANS[span]))


def usual_height(kinds: Sequence[str], boxes: npt.NDArray[np.float64]) -> float:
    """The height that covers most area; headers count only if there is nothing else.

    boxes: (N, 4) of x, y, w, h.
    """
    area: dict[float, float] = {}
    content = [k not in HEADERS for k in kinds]
    for (_, _, w, h), counts in zip(boxes, content, strict=True):
        if counts or not any(content):
            area[float(h)] = area.get(float(h), 0.0) + float(w * h)
    return max(area, key=lambda h: (area[h], -h))


@lru_cache(maxsize=4096)
def kind_text(kind: str) -> npt.NDArray[np.float32]:
    """Hashed 3-grams of a kind, so that unknown kinds have features too."""
    return hashed_text(kind, kind) if kind else np.zeros(TEXT_BUCKETS, dtype=np.float32)


def slot_features(kinds: Sequence[str], columns: int) -> npt.NDArray[np.float32]:
    """Features of each slot besides its kind, (N, SLOT).

    They are its number within its kind, the number of such slots, and the grid's columns.
    """
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
