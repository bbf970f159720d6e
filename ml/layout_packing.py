"""From what the decoder says to boxes: the engine's own packing (`uiengine.packing.pack`).

The decoder gives each slot an order score, a width class and a height class; a page of exactly
those sizes is declared as a Surface and packed in that order. So nothing overlaps, ever.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml.layout_data import HEIGHTS, WIDTHS, Floats, Ints, used_columns
from uiengine.packing import pack
from uiengine.surface import Block, Breakpoint, GuardrailSettings, Size, SizeLimits, Surface

AT = "grid"
CELL_PX = 24
"""Pixels per column and row, so that one cell is a touch target and nothing is enlarged."""


class Programme(NamedTuple):
    """score: (N,), higher stands nearer the top; width, height: (N,) classes; span: in SPANS."""

    score: Floats
    width: Ints
    height: Ints
    span: int


def place(programme: Programme, columns: int) -> Floats:
    """Boxes (N, 4) of x, y, w, h in cells, slots in the order given. Ties keep that order."""
    used = used_columns(columns, programme.span)
    shares = (programme.width + 1) / WIDTHS
    widths = np.clip(np.round(shares * used), 1, used).astype(int).tolist()
    heights = HEIGHTS[programme.height].astype(int).tolist()
    ids = [str(i) for i in range(len(widths))]
    at = Breakpoint(AT, CELL_PX * max(used, 14), used, 800)
    blocks = tuple(
        Block(name, "", "", {AT: SizeLimits(Size(w, h), Size(1, 1))})
        for name, w, h in zip(ids, widths, heights, strict=True)
    )
    surface = Surface(
        "layout", blocks, (at,), row_height=CELL_PX, guardrails=GuardrailSettings(min_target_px=24)
    )
    order = [ids[i] for i in np.argsort(-programme.score, kind="stable")]
    boxes = np.empty((len(ids), 4))
    for placed in pack(surface, order).placements[AT]:
        boxes[int(placed.id)] = placed.x, placed.y, placed.w, placed.h
    return boxes
