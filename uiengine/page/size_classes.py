"""The sizes that a block may have where its surface's owner lets sizes change.

A size class is one of a block's least, default and largest size, and holds at all breakpoints. A
person may give a block any size within its limits, for the breakpoint where they do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uiengine.behaviour.profile import OwnSizes
from uiengine.page.surface import Breakpoint, Size, Surface

UNNAMED = Size(1, 1)
"""What a block has as its minimum that names none. So it is no size to take."""
Classes = Mapping[str, Mapping[str, tuple[Size, Size, Size]]]


def class_sizes(surface: Surface) -> Classes:
    """Per breakpoint and block, its sizes of class 0, 1, 2; an unnamed minimum is the default."""
    found: Classes | None = surface.memory.get("class_sizes")
    if found is None:
        found = surface.memory["class_sizes"] = {
            at.name: {b: _named(surface, at, b) for b in surface.index}
            for at in surface.breakpoints
        }
    return found


def _named(surface: Surface, at: Breakpoint, block_id: str) -> tuple[Size, Size, Size]:
    low, default, high = surface.sizes[at.name][block_id]
    is_named = surface.block(block_id).sizes[at.name].min != UNNAMED
    return (low if is_named else default), default, high


def size_choices(surface: Surface) -> tuple[tuple[int, ...], ...]:
    """Per block, the classes that it may take: those that differ at the widest breakpoint.

    Blocks that the team pinned keep their default size.
    """
    known = class_sizes(surface)[surface.widest.name]
    return tuple(
        (1,) if block.is_pinned else _distinct(*known[block.id]) for block in surface.blocks
    )


def _distinct(low: Size, default: Size, high: Size) -> tuple[int, ...]:
    return (*((0,) if low != default else ()), 1, *((2,) if high != default else ()))


def own_sizes(surface: Surface, wanted: OwnSizes) -> dict[str, dict[str, Size]]:
    """Per breakpoint, the sizes that a person gave there, within the limits of today."""
    found: dict[str, dict[str, Size]] = {}
    for at in surface.breakpoints:
        for block_id, own in wanted.items():
            if at.name in own and block_id in surface.index:
                size = within_limits(surface, at, block_id, Size(*own[at.name]))
                found.setdefault(at.name, {})[block_id] = size
    return found


def within_limits(surface: Surface, at: Breakpoint, block_id: str, wanted: Size) -> Size:
    """The size closest to `wanted` that the block may have here: within its limits, a touch target,
    no wider than the grid."""
    low = surface.sizes[at.name][block_id][0]
    high = surface.block(block_id).sizes[at.name].max or Size(at.columns, wanted.h)
    return Size(max(low.w, min(wanted.w, high.w, at.columns)), max(low.h, min(wanted.h, high.h)))


def is_size(surface: Surface, value: Mapping[str, Any]) -> bool:
    """True if the values of an event are a size that a person may give a block here.

    False where sizes do not change, and for clients that only tell that something was resized.
    """
    names = [at.name for at in surface.breakpoints]
    has_size = {"breakpoint", "w", "h"} <= value.keys() and value["breakpoint"] in names
    return surface.guardrails.sizes and has_size
