"""Suggests a first arrangement of an unused page, from its blocks' kinds alone.

Order and sizes come from a version's layout part, which learned from layouts that people made. The
suggestion is for the team that owns the page; it is not served automatically.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from uiengine.model.layout_codec import LayoutCodec, SizedOrder
from uiengine.model.layout_slots import HEIGHTS, UNIT, WIDTHS, usual_height
from uiengine.page.reading_order import apply_pins
from uiengine.page.surface import Block, Breakpoint, Size, SizeLimits, Surface


def suggest(surface: Surface, part: LayoutCodec) -> Surface:
    """Returns the surface with its blocks in a suggested order and suggested default sizes.

    Limits, groups and the team's pins stay; equal kinds keep their order if possible.
    """
    blocks = sorted(surface.blocks, key=lambda block: block.kind)
    kinds = [block.kind for block in blocks]
    said = {at.name: part.sized_order(kinds, at.columns) for at in surface.breakpoints}
    score = said[surface.widest.name].score
    order = apply_pins(surface, [blocks[i].id for i in (-score).argsort(kind="stable")], {})
    sized = {
        block.id: block if block.is_pinned else _sized(surface, block, i, said)
        for i, block in enumerate(blocks)
    }
    return replace(surface, blocks=tuple(sized[block_id] for block_id in order))


def known_kinds(surface: Surface, part: LayoutCodec) -> list[str]:
    """The page's kinds that the layout part was trained on; for others it uses only their
    letters."""
    return sorted({block.kind for block in surface.blocks} & set(part.kinds))


def _sized(surface: Surface, block: Block, i: int, said: dict[str, SizedOrder]) -> Block:
    """Returns the block with suggested sizes. i: the block's slot."""
    sizes = {at.name: _limits(surface, block, i, at, said[at.name]) for at in surface.breakpoints}
    return replace(block, sizes={**block.sizes, **sizes})


def _limits(
    surface: Surface, block: Block, i: int, at: Breakpoint, sized_order: SizedOrder
) -> SizeLimits:
    """Suggests a default size within the block's limits; heights scale with the page's usual
    height."""
    least, limits = surface.smallest_target(at), block.sizes[at.name]
    w = round((int(sized_order.width[i]) + 1) / WIDTHS * at.columns)
    h = round(float(HEIGHTS[sized_order.height[i]]) / UNIT * _usual_height(surface, at))
    w, h = max(w, limits.min.w, least.w), max(h, limits.min.h, least.h)
    high = limits.max or Size(at.columns, h)
    return replace(limits, default=Size(min(w, high.w, at.columns), min(h, high.h)))


def _usual_height(surface: Surface, at: Breakpoint) -> float:
    """The declared page's usual height, in rows."""
    sizes = [block.sizes[at.name].default for block in surface.blocks]
    boxes = np.array([[0, 0, size.w, size.h] for size in sizes], dtype=float)
    return usual_height([block.kind for block in surface.blocks], boxes)
