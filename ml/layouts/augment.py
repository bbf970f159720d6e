"""Augments layouts with variants that a person could have made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ml.layouts.packing import pack_many
from ml.layouts.records import Floats, Record, to_record
from uiengine.model.layout_slots import HEADERS

DROP_ROWS, DROP_ITEMS, SWAP_KINDS, MIRROR = 0.5, 0.2, 0.4, 0.15
"""Probabilities of dropping rows, dropping items, renaming kinds, and mirroring."""
REGRID, HALVE = 0.3, 0.05
"""Probabilities of changing and of doubling the columns, so that they do not identify the tool."""
RESIZE, ROW_ORDER, NEW_WIDTH, NEW_HEIGHT = 0.35, 0.4, 0.6, 0.5
"""Probabilities of packing anew, and then of other rows first, and of another size per kind."""
SHARES = (1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1.0)
"""Widths that a kind may get, as shares of the page's."""
SCALES = (0.5, 0.67, 0.75, 1.33, 1.5, 2.0)
"""Factors by which the heights of a kind may change."""
FACTORS = (0.5, 2.0, 3.0, 4.0)
LEAST_ITEMS = 3


def variant(record: Record, kinds: tuple[str, ...], random: np.random.Generator) -> Record:
    """Returns a changed copy with gaps closed upwards. kinds: names that a kind may change to."""
    keep = np.ones(len(record.kinds), dtype=bool)
    if random.random() < DROP_ROWS:
        keep = _keep_rows(record.boxes[:, 1], random)
    if random.random() < DROP_ITEMS:
        keep &= random.random(len(keep)) > 0.15
    if keep.sum() < min(LEAST_ITEMS, len(keep)):
        keep[:] = True
    boxes = record.boxes[keep].copy()
    names = [k for k, kept in zip(record.kinds, keep, strict=True) if kept]
    if random.random() < SWAP_KINDS:
        names = _renamed(names, kinds, random)
    if random.random() < MIRROR:
        boxes[:, 0] = (boxes[:, 0] + boxes[:, 2]).max() - boxes[:, 0] - boxes[:, 2]
    boxes, columns = _regridded(close_gaps(boxes), record.columns, random)
    if random.random() < RESIZE:
        boxes = _packed_anew(boxes, names, random)
    items = [
        {"kind": k, **dict(zip("xywh", b, strict=True))} for k, b in zip(names, boxes, strict=True)
    ]
    raw = {"id": record.id, "columns": columns, "items": items}
    return replace(to_record(raw), id=record.id)


def _keep_rows(tops: Floats, random: np.random.Generator) -> np.ndarray:
    rows = np.unique(tops)
    kept = rows[random.random(len(rows)) > random.uniform(0, 0.5)]
    return np.isin(tops, kept)


def _renamed(names: list[str], kinds: tuple[str, ...], random: np.random.Generator) -> list[str]:
    new = {name: name for name in sorted(set(names))}
    for name in new:
        if name not in HEADERS and random.random() < 0.5:
            new[name] = kinds[random.integers(len(kinds))]
    return [new[name] for name in names]


def _regridded(boxes: Floats, columns: int, random: np.random.Generator) -> tuple[Floats, int]:
    """Scales the page to a finer or coarser grid, or to one of which it uses half."""
    if random.random() < HALVE:
        return boxes, 2 * columns
    if random.random() >= REGRID:
        return boxes, columns
    factor = FACTORS[random.integers(len(FACTORS))]
    scaled = boxes * [factor, 1, factor, 1]
    if columns * factor % 1 or (scaled[:, ::2] % 1).any():
        return boxes, columns
    return scaled, int(columns * factor)


def _packed_anew(boxes: Floats, names: list[str], random: np.random.Generator) -> Floats:
    """Gives kinds other sizes, and rows another order, as people of another tool would."""
    across = int((boxes[:, 0] + boxes[:, 2]).max())
    order = np.lexsort((boxes[:, 0], _row_places(boxes[:, 1], random)))
    w, h = np.round(boxes[:, 2:].T)
    for kind in sorted(set(names) - HEADERS):
        of = np.array(names) == kind
        if random.random() < NEW_WIDTH:
            w[of] = round(across * SHARES[random.integers(len(SHARES))])
        if random.random() < NEW_HEIGHT:
            h[of] = np.round(h[of] * SCALES[random.integers(len(SCALES))])
    widths = np.clip(w, 1, across).astype(np.int64)
    heights = np.maximum(h, 1).astype(np.int64)
    packed: Floats = pack_many(order[None], widths[None], heights[None], np.array([across]))[0]
    return packed


def _row_places(tops: Floats, random: np.random.Generator) -> Floats:
    """Returns where each box's row goes: where it is, a little off, or anywhere."""
    rows, row = np.unique(tops, return_inverse=True)
    if random.random() >= ROW_ORDER:
        return row.astype(np.float64)
    if random.random() < 0.5:
        return random.permutation(len(rows))[row].astype(np.float64)
    return np.asarray((np.arange(len(rows)) + random.normal(0, 2, len(rows)))[row])


def close_gaps(boxes: Floats) -> Floats:
    """Moves each box up to the lowest bottom edge of the boxes above it; keeps the order."""
    closed = boxes.copy()
    order = np.lexsort((boxes[:, 0], boxes[:, 1]))
    for step, i in enumerate(order):
        above = order[:step]
        x, y, w, _ = boxes[i]
        meets = (boxes[above, 0] < x + w) & (x < boxes[above, 0] + boxes[above, 2])
        meets &= boxes[above, 1] + boxes[above, 3] <= y + 1e-9
        bottoms = closed[above[meets], 1] + closed[above[meets], 3]
        closed[i, 1] = bottoms.max(initial=0.0)
    return closed
