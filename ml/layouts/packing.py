"""Packs many candidate layouts of one page at once, to the boxes of `layout_codec.place`.

The search looks at thousands of layouts per page, of which packing one by one would take most of
the time. Without fixed boxes, a block always stands on the lowest bottom edge of its columns, so
a skyline per candidate says where it may go. C: candidates; N: slots.
"""

from __future__ import annotations

import numpy as np

from ml.layouts.records import Floats, Ints
from uiengine.model.layout_codec import LayoutLogits
from uiengine.model.layout_slots import HEIGHTS, SPANS, WIDTHS, used_columns

OUTSIDE = 1 << 20
"""Bottom edge of the columns that a candidate does not use: lower than any page."""
NOWHERE = 1 << 40
"""Place, in reading order, that is after any place on a page."""


def place_many(said: LayoutLogits, columns: int) -> Floats:
    """Packs the most likely layout of each latent, (C, N, 4): x, y, w, h in cells, by slot."""
    used = np.array([used_columns(columns, span) for span in range(len(SPANS))])
    used = used[said.span.argmax(-1)]
    shares = (said.width.argmax(-1) + 1) / WIDTHS
    widths = np.clip(np.round(shares * used[:, None]), 1, used[:, None]).astype(np.int64)
    heights = HEIGHTS[said.height.argmax(-1)].astype(np.int64)
    order = np.argsort(-said.order.astype(np.float64), axis=1, kind="stable")
    return pack_many(order, widths, heights, used)


def pack_many(order: Ints, widths: Ints, heights: Ints, used: Ints) -> Floats:
    """Packs sizes in cells, to (C, N, 4).

    order: slots, first to last, (C, N); widths, heights: of each slot, (C, N); used: number of
    columns, (C,).
    """
    count, rows, across = len(order), np.arange(len(order)), np.arange(used.max())
    bottoms = np.where(across < used[:, None], 0, OUTSIDE)
    earliest = np.zeros(count, dtype=np.int64)  # no block goes before its predecessor's end
    boxes = np.empty((*order.shape, 4))
    for slot in order.T:
        w, h = widths[rows, slot], heights[rows, slot]
        places = _windows(bottoms, w) * len(across) + across
        is_free = (places >= earliest[:, None]) & (across + w[:, None] <= used[:, None])
        places = np.where(is_free, places, NOWHERE)
        x = places.argmin(1)
        y = places[rows, x] // len(across)
        earliest = y * len(across) + x + w
        covers = (across >= x[:, None]) & (across < (x + w)[:, None])
        bottoms = np.where(covers, (y + h)[:, None], bottoms)
        boxes[rows, slot] = np.stack([x, y, w, h], 1)
    return boxes


def _windows(bottoms: Ints, widths: Ints) -> Ints:
    """Returns the lowest edge of the `widths` columns from each column on, (C, columns).

    Two windows of a power of two cover each; what reaches over the edge is not to be used.
    """
    columns = bottoms.shape[1]
    level = np.frexp(widths)[1] - 1
    doubled = [bottoms]
    for k in range(level.max()):
        last, step = doubled[-1], 1 << k
        wider = last.copy()
        np.maximum(last[:, :-step], last[:, step:], out=wider[:, :-step])
        doubled.append(wider)
    first = np.stack(doubled)[level, np.arange(len(bottoms))]
    second = np.arange(columns) + (widths - (1 << level))[:, None]
    reached: Ints = np.maximum(first, np.take_along_axis(first, np.minimum(second, columns - 1), 1))
    return reached
