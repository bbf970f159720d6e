"""An order written into a document: which values change, and to what.

Bands whose order stays, and which a tool would leave where they are, are only moved up or down as
what is above them changes its height. Any other band is packed as the engine packs: topmost, then
leftmost, each block resting on the page's top or on another block. Grid libraries that pull blocks
up leave such a page as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from uiengine.dashboards.document import Path, at, edited
from uiengine.dashboards.page import Band, Box, Head, Item, Keys, Page, Space
from uiengine.dashboards.values import whole
from uiengine.page.layout import pack
from uiengine.page.surface import (
    Block,
    Breakpoint,
    Cell,
    GuardrailSettings,
    Size,
    SizeLimits,
    Surface,
)

MOST_ROWS = 10_000
"""Rows of a block, and the last row that a block may be fixed to."""
Edits = dict[Path, Any]


def edits(document: Any, page: Page, order: Sequence[str]) -> Edits:
    """The values to write for an order of item ids; ids that it lacks keep their place at the
    end."""
    writing = _Writing(document, {name: rank for rank, name in enumerate(order)})
    for space in page.spaces:
        writing.space(space)
    for grid in page.grids[1:]:
        writing.space(grid.space)
    return writing.edits


def packed(items: Sequence[Item], columns: int) -> dict[str, Box]:
    """Boxes of items in this order, from row 0; fixed ones keep theirs."""
    at_once = Breakpoint("grid", max(columns, 1), columns, 800)
    blocks = tuple(
        Block(item.id, "", "", {"grid": _size(item, columns)}, _pin(item, columns))
        for item in items
    )
    surface = Surface(
        "page", blocks, (at_once,), row_height=2000, guardrails=GuardrailSettings(min_target_px=1)
    )
    placed = pack(surface, [item.id for item in items]).placements["grid"]
    return {p.id: Box(p.x, p.y, p.w, p.h) for p in placed}


def _size(item: Item, columns: int) -> SizeLimits:
    size = Size(min(whole(item.box.w), columns), min(whole(item.box.h), MOST_ROWS))
    return SizeLimits(size, size)


def _pin(item: Item, columns: int) -> dict[str, Cell]:
    x, y, w, _ = item.box
    fits = x + w <= columns and y <= MOST_ROWS and x == int(x) and y == int(y)
    return {"grid": Cell(int(x), int(y))} if item.is_fixed and fits else {}


def is_settled(boxes: Sequence[Box], columns: int, top: float, *, compacts: bool) -> bool:
    """Returns True if a tool would leave the boxes as they are, below `top`."""
    for i, box in enumerate(boxes):
        if box.y < top or box.x + box.w > columns:
            return False
        if any(box.overlaps(other) for other in boxes[:i]):
            return False
        if compacts and box.y > top and not _rests(box, boxes):
            return False
    return True


def _rests(box: Box, boxes: Sequence[Box]) -> bool:
    above = Box(box.x, box.y - 1, box.w, 1)
    return any(other is not box and other.overlaps(above) for other in boxes)


class _Writing:
    """The edits so far. rank: the wanted place of each item."""

    def __init__(self, document: Any, rank: Mapping[str, int]) -> None:
        self.document, self.rank = document, rank
        self.edits: Edits = {}

    def space(self, space: Space) -> tuple[float, float]:
        """Arranges a space; returns its bottom as it was and as it will be."""
        was = now = space.origin
        for band in space.bands:
            if band.head:
                was, now = self._head(band.head, space, was, now)
            if band.items:
                was, now = self._band(band, space, was, now)
        return was, now

    def _head(self, head: Head, space: Space, was: float, now: float) -> tuple[float, float]:
        gap = 0 if space.compacts else max(0, head.box.y - was)
        y, height = now + gap, head.box.h
        for inner in head.inner:
            before, after = self.space(inner)
            height += max(0, after - before) if head.grows else 0
        if head.keys:
            self._write(head.path, head.keys, head.box._replace(y=y, h=height))
        return max(was, head.box.bottom), y + height

    def _band(self, band: Band, space: Space, was: float, now: float) -> tuple[float, float]:
        items = sorted(band.items, key=lambda item: self.rank.get(item.id, inf))
        is_same = all(a is b for a, b in zip(items, band.items, strict=True))
        if space.keys is None:
            if not is_same:
                self._reorder(band, [(item, {}) for item in items])
            return was, now
        boxes = [item.box for item in band.items]
        top = was if space.compacts else max(was, min(box.y for box in boxes))
        begin = now + top - was
        if is_same and is_settled(boxes, space.columns, top, compacts=space.compacts):
            placed = {item.id: item.box._replace(y=item.box.y - top + begin) for item in items}
        else:
            down = [_lowered(item, top) for item in items]
            rows = packed(down, space.columns).items()
            placed = {name: box._replace(y=box.y + begin) for name, box in rows}
        self._place(band, space.keys, items, placed, is_list=space.is_list and not is_same)
        bottom = max(box.bottom for box in placed.values())
        return max(was, *(box.bottom for box in boxes)), max(now, bottom)

    def _place(
        self,
        band: Band,
        keys: Keys,
        items: list[Item],
        placed: Mapping[str, Box],
        *,
        is_list: bool,
    ) -> None:
        if not is_list:
            for item in items:
                self._write(item.path, keys, placed[item.id])
            return
        nodes = []
        for item in items:
            inner = changed(keys, placed[item.id], at(self.document, item.path))
            nodes.append((item, inner))
        self._reorder(band, nodes)

    def _reorder(self, band: Band, nodes: Sequence[tuple[Item, Edits]]) -> None:
        """Puts the nodes, with their own edits, into the places that the band's nodes have."""
        slots = sorted((item.path for item in band.items), key=lambda path: path[-1])  # type: ignore[arg-type,return-value]
        for slot, (item, inner) in zip(slots, nodes, strict=True):
            self.edits[slot] = edited(at(self.document, item.path), inner)

    def _write(self, path: Path, keys: Keys, box: Box) -> None:
        for below, value in changed(keys, box, at(self.document, path)).items():
            self.edits[(*path, *below)] = value


def _lowered(item: Item, top: float) -> Item:
    """The item, counted from `top`."""
    if not item.is_fixed or not top:
        return item
    box = item.box._replace(y=max(0, item.box.y - top))
    return Item(item.id, item.kind, item.title, box, item.path, is_fixed=True)


def changed(keys: Keys, box: Box, node: Any) -> Edits:
    """What to write below a node for its box: what it does not say yet."""
    names = (keys.x, keys.y, keys.w, keys.h)
    bases = (keys.base, keys.base, 0, 0)
    wanted = [_plain(value + base) for value, base in zip(box, bases, strict=True)]
    return {
        name: value
        for name, value in zip(names, wanted, strict=True)
        if name and not _says(at(node, name), value)
    }


def _says(kept: Any, value: float) -> bool:
    return kept == value and not isinstance(kept, bool)


def _plain(value: float) -> float | int:
    return int(value) if value == int(value) else value
