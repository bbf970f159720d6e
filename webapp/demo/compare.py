"""Sets everybody's page beside one person's: where each block stands, and what it is worth."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from uiengine import engine
from uiengine.decision import Decision
from uiengine.page.layout import Layout
from uiengine.page.surface import Breakpoint
from webapp.layouts.answer import context
from webapp.layouts.answer.context import DecisionContext

USED = 0.25
"""Share of a person's visits from which a block is marked as used."""
COLUMN = {"narrow": 60, "wide": 80}
ROW = {"narrow": 16, "wide": 26}
"""Units of the drawings: a column's width and a row's height."""
INSET = 8


@dataclass(frozen=True)
class Box:
    """One block in a drawing. text_x: where its title begins, at the right in Arabic."""

    title: str
    x: int
    y: int
    w: int
    h: int
    text_x: int
    is_used: bool
    is_fixed: bool


def compared(found: DecisionContext, decision: Decision) -> dict[str, Any]:
    """Returns drawings of both layouts for narrow and wide screens, and the most used block's way.

    top: its title, its place among the blocks of its group that may move, and the pixels above it,
    before and after; None while nothing was used.
    """
    surface = found.page.surface
    default = engine.default_layout(replace(context.request_of(found), surface=surface))
    narrow = min(surface.breakpoints, key=lambda at: at.min_width)
    drawings = []
    for name, at in (("narrow", narrow), ("wide", surface.widest)):
        before = _drawing(found, default, at, name)
        after = _drawing(found, decision.layout, at, name, found.profile.feedback.pins)
        height = max(before["height"], after["height"])
        both = {"name": name, "before": before, "after": after, "height": height}
        drawings.append(both)
    return {"drawings": drawings, "top": _top(found, default, decision.layout)}


def _top(found: DecisionContext, before: Layout, after: Layout) -> dict[str, Any] | None:
    surface = found.surface
    uses = {
        block.id: found.profile.blocks[block.id].uses
        for block in surface.blocks
        if block.id in found.profile.blocks and not block.is_pinned
    }
    if not uses:
        return None
    top = max(uses, key=lambda block: uses[block])
    group = [b.id for b in surface.blocks if b.group == surface.block(top).group]
    free = [block for block in group if not surface.block(block).is_pinned]
    pixels, places = [], []
    for layout in (before, after):
        placed = next(p for p in layout.placements[surface.widest.name] if p.id == top)
        pixels.append(placed.y * surface.row_height)
        places.append(1 + [block for block in layout.order if block in free].index(top))
    return {
        "title": _(surface.block(top).title),
        "before": pixels[0],
        "after": pixels[1],
        "place_before": places[0],
        "place_after": places[1],
        "places": len(free),
        "uses": uses[top],
        "visits": found.profile.visits,
    }


def _drawing(
    found: DecisionContext, layout: Layout, at: Breakpoint, name: str, pins: Collection[str] = ()
) -> dict[str, Any]:
    """pins: blocks that the person pinned, if the layout is theirs."""
    surface, profile = found.page.surface, found.profile
    width, height = COLUMN[name], ROW[name]
    whole = at.columns * width
    boxes = []
    for placed in layout.placements[at.name]:
        block, w = surface.block(placed.id), placed.w * width - 4
        uses = profile.blocks[block.id].uses if block.id in profile.blocks else 0
        x = placed.x * width + 2
        boxes.append(
            Box(
                title=_(block.title),
                x=whole - x - w if get_language_bidi() else x,
                y=placed.y * height + 2,
                w=w,
                h=placed.h * height - 4,
                text_x=w - INSET if get_language_bidi() else INSET,
                is_used=uses >= max(USED * profile.visits, 1),
                is_fixed=block.is_pinned or block.id in pins,
            )
        )
    rows = max(placed.bottom for placed in layout.placements[at.name])
    return {
        "boxes": boxes,
        "width": whole,
        "height": rows * height,
        "fold": min(at.viewport_height * height // surface.row_height, rows * height),
    }
