"""Packing an order of blocks into the grid of each breakpoint (DESIGN section 6).

Blocks with a fixed cell go first; every other block goes to the topmost, then leftmost free place
that follows its predecessor in reading order and whose top edge touches the page's top or the
bottom of a placed block. Rows are kept as bit masks of columns, so that a row is tested in a few
integer operations whatever its width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import attrgetter

from .layout import Layout, Placement
from .surface import Breakpoint, Cell, Size, Surface

_reading = attrgetter("y", "x")


def pack(
    surface: Surface,
    order: Sequence[str],
    size_classes: Mapping[str, int] | None = None,
    held: Mapping[str, Mapping[str, Cell]] | None = None,
) -> Layout:
    """The layout of `order` (ids of all blocks) at every breakpoint.

    size_classes: 0 min, 1 default, 2 max per block, default 1. held: per breakpoint, the cells of
    blocks that a user pinned there; a cell that is taken or outside the grid is let go.
    """
    classes = size_classes or {}
    placements = {
        at.name: _pack_breakpoint(surface, at, order, classes, (held or {}).get(at.name, {}))
        for at in surface.breakpoints
    }
    return Layout(tuple(order), placements)


def _pack_breakpoint(
    surface: Surface,
    at: Breakpoint,
    order: Sequence[str],
    classes: Mapping[str, int],
    held: Mapping[str, Cell],
) -> tuple[Placement, ...]:
    grid = _Grid(at.columns)
    known = surface.sizes[at.name]
    sizes = {b: known[b][classes.get(b, 1)] for b in order}
    placed: list[Placement] = []
    for block_id in surface.pinned_ranks:
        cell, size = surface.block(block_id).pinned[at.name], known[block_id][1]
        placed.append(grid.put(block_id, cell.x, cell.y, size.w, size.h))
    for block_id, cell in held.items():
        if block_id not in sizes or block_id in surface.pinned_ranks:
            continue
        if grid.is_free(cell, size := sizes[block_id]):
            placed.append(grid.put(block_id, cell.x, cell.y, size.w, size.h))
    fixed = {p.id for p in placed}
    x, y = -1, 0
    for block_id in order:
        if block_id not in fixed:
            size = sizes[block_id]
            if size.w == at.columns and not fixed:  # without fixed blocks no row is left empty
                x, y = 0, len(grid.rows)
            else:
                x, y = grid.place_after(x, y, size.w, size.h)
            placed.append(grid.put(block_id, x, y, size.w, size.h))
    return tuple(sorted(placed, key=_reading)) if fixed else tuple(placed)


class _Grid:
    """Occupied cells: one int per row, bit x set where column x is taken."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.full = (1 << columns) - 1
        self.rows: list[int] = []

    def put(self, block_id: str, x: int, y: int, w: int, h: int) -> Placement:
        rows, mask = self.rows, ((1 << w) - 1) << x
        if (missing := y + h - len(rows)) > 0:
            rows += [0] * missing
        for i in range(y, y + h):
            rows[i] |= mask
        return Placement(block_id, x, y, w, h)

    def is_free(self, cell: Cell, size: Size) -> bool:
        if cell.x < 0 or cell.y < 0 or cell.x + size.w > self.columns:
            return False
        mask = ((1 << size.w) - 1) << cell.x
        return not any(row & mask for row in self.rows[cell.y : cell.y + size.h])

    def place_after(self, x: int, y: int, w: int, h: int) -> tuple[int, int]:
        """The first free, supported cell after (x, y) in reading order; one always exists."""
        rows, full, height = self.rows, self.full, len(self.rows)
        starts = (1 << (self.columns - w + 1)) - 1
        later = starts & ~((1 << (x + 1)) - 1)
        while True:
            taken = rows[y] if y < height else 0
            if taken != full:
                for row in rows[y + 1 : y + h]:
                    taken |= row
                above = (rows[y - 1] if y <= height else 0) if y else full
                found = later & _any_of_next(above, w) & ~_any_of_next(taken, w)
                if found:
                    return (found & -found).bit_length() - 1, y
            y, later = y + 1, starts


@lru_cache(maxsize=65_536)
def _any_of_next(bits: int, width: int) -> int:
    """Bit x is set where any of the bits x..x+width−1 is."""
    found, span = bits, 1
    while span < width:
        step = min(span, width - span)
        found |= found >> step
        span += step
    return found
