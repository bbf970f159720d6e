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

AT_ONCE = 2_000_000
"""Pairs of boxes compared together, which bounds memory."""


def matched_iou(kinds: Sequence[str], predicted: Floats, actual: Floats) -> float:
    """Returns the mean IoU over items, 0 to 1. kinds: (N,), of both; boxes: (N, 4), x, y, w, h."""
    return float(matched_ious(kinds, predicted[None], actual)[0])


def matched_ious(kinds: Sequence[str], predicted: Floats, actual: Floats) -> Floats:
    """Returns the `matched_iou` of each of C predictions, (C, N, 4) and (N, 4) to (C,)."""
    actual, predicted = from_top(actual), from_top(predicted)
    scale = page_height(actual) / page_height(predicted)
    predicted[..., 1::2] *= scale[:, None, None]
    total = np.zeros(len(predicted))
    for members in _by_kind(kinds):
        step = max(1, AT_ONCE // len(members) ** 2)
        for begin in range(0, len(predicted), step):
            part = slice(begin, begin + step)
            total[part] += _matched(pairwise_iou(predicted[part, members], actual[members]))
    return total / len(kinds)


def _matched(overlap: Floats) -> Floats:
    """Returns the largest total of a matching in each table, (C, M, M) to (C,)."""
    if overlap.shape[1] == 1:
        return overlap[:, 0, 0]
    matched = [linear_sum_assignment(table, maximize=True) for table in overlap]
    return np.array([table[pairs].sum() for table, pairs in zip(overlap, matched, strict=True)])


def _by_kind(kinds: Sequence[str]) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for i, kind in enumerate(kinds):
        groups.setdefault(kind, []).append(i)
    return list(groups.values())


def from_top(boxes: Floats) -> Floats:
    """Returns a copy whose topmost box starts at y = 0. boxes: (…, N, 4)."""
    moved = boxes.astype(np.float64)
    moved[..., 1] -= moved[..., 1].min(-1, keepdims=True)
    return moved


def page_height(boxes: Floats) -> Floats:
    """Returns the bottom edge of the lowest box, (…, N, 4) to (…)."""
    return np.asarray((boxes[..., 1] + boxes[..., 3]).max(-1))


def pairwise_iou(first: Floats, second: Floats) -> Floats:
    """Returns the IoU of every pair of boxes: (…, A, 4), (B, 4) to (…, A, B)."""
    a, b = first[..., :, None, :], second
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    sides = np.maximum(high - low, 0.0)
    shared = sides[..., 0] * sides[..., 1]
    areas = a[..., 2] * a[..., 3] + b[..., 2] * b[..., 3]
    ratio: Floats = shared / (areas - shared)
    return ratio
