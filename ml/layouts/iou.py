"""Similarity of two layouts of the same blocks: matched mean intersection over union (IoU).

Items of one kind are exchangeable, so the items of each kind are matched one to one for the
largest total IoU (Hungarian algorithm). Units of height differ between tools, so y and h of the
prediction are scaled by one common factor, the one that makes the two pages equally high.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Floats = npt.NDArray[np.float64]


def matched_iou(kinds: Sequence[str], predicted: Floats, actual: Floats) -> float:
    """Returns the mean IoU over items, 0 to 1. kinds: (N,), of both; boxes: (N, 4), x, y, w, h."""
    actual = from_top(actual)
    predicted = from_top(predicted)
    predicted[:, 1::2] *= page_height(actual) / page_height(predicted)
    overlap = pairwise_iou(predicted, actual)
    total = 0.0
    for members in _by_kind(kinds):
        within = overlap[np.ix_(members, members)]
        rows, columns = linear_sum_assignment(within, maximize=True)
        total += float(within[rows, columns].sum())
    return total / len(kinds)


def _by_kind(kinds: Sequence[str]) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for i, kind in enumerate(kinds):
        groups.setdefault(kind, []).append(i)
    return list(groups.values())


def from_top(boxes: Floats) -> Floats:
    """Returns a copy whose topmost box starts at y = 0."""
    moved = boxes.astype(np.float64)
    moved[:, 1] -= moved[:, 1].min()
    return moved


def page_height(boxes: Floats) -> float:
    return float((boxes[:, 1] + boxes[:, 3]).max())


def pairwise_iou(first: Floats, second: Floats) -> Floats:
    """Returns the IoU of every pair of boxes: (A, 4), (B, 4) to (A, B)."""
    a, b = first[:, None], second[None]
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=-1)
    areas = np.prod(a[..., 2:], -1) + np.prod(b[..., 2:], -1)
    ratio: Floats = shared / (areas - shared)
    return ratio
