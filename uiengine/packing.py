"""Packing an order of blocks into the grid of each breakpoint (DESIGN section 6).

Blocks with a fixed cell go first; every other block goes to the topmost, then leftmost free place
that follows its predecessor in reading order and whose top edge touches the page's top or the
bottom of a placed block. Rows are kept as bit masks of columns, so that a row is tested in a few
integer operations whatever its width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .layout import Layout, Placement
from .surface import Breakpoint, Cell, Size, Surface


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
    for block_id in order:
        block = surface.block(block_id)
        if block.is_pinned:
            fixed = sizes[block_id] = known[block_id][1]
            placed.append(grid.put(block_id, block.pinned[at.name], fixed))
    for block_id, cell in held.items():
        if (
            block_id in sizes
            and not surface.block(block_id).is_pinned
            and grid.is_free(cell, sizes[block_id])
        ):
            placed.append(grid.put(block_id, cell, sizes[block_id]))
    fixed_ids = {p.id for p in placed}
    after = Cell(-1, 0)
    for block_id in order:
        if block_id not in fixed_ids:
            after = grid.place_after(after, sizes[block_id])
            placed.append(grid.put(block_id, after, sizes[block_id]))
    return tuple(sorted(placed, key=lambda p: (p.y, p.x)))


class _Grid:
    """Occupied cells: one int per row, bit x set where column x is taken."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.full = (1 << columns) - 1
        self.rows: list[int] = []

    def put(self, block_id: str, cell: Cell, size: Size) -> Placement:
        self.rows.extend([0] * (cell.y + size.h - len(self.rows)))
        mask = ((1 << size.w) - 1) << cell.x
        for y in range(cell.y, cell.y + size.h):
            self.rows[y] |= mask
        return Placement(block_id, cell.x, cell.y, size.w, size.h)

    def is_free(self, cell: Cell, size: Size) -> bool:
        if cell.x < 0 or cell.y < 0 or cell.x + size.w > self.columns:
            return False
        mask = ((1 << size.w) - 1) << cell.x
        return not any(row & mask for row in self.rows[cell.y : cell.y + size.h])

    def place_after(self, after: Cell, size: Size) -> Cell:
        """The first free, supported cell after `after` in reading order; one always exists."""
        starts = (1 << (self.columns - size.w + 1)) - 1
        y, rows, full = after.y, self.rows, self.full
        while True:
            taken = 0
            for row in rows[y : y + size.h]:
                taken |= row
            if taken != full:
                found = starts & self._supported(y, size.w)
                if taken:
                    found &= ~_any_of_next(taken, size.w)
                if y == after.y:
                    found &= ~((1 << (after.x + 1)) - 1)
                if found:
                    return Cell((found & -found).bit_length() - 1, y)
            y += 1

    def _supported(self, y: int, width: int) -> int:
        if y == 0:
            return self.full
        above = self.rows[y - 1] if y <= len(self.rows) else 0
        return above if above in (0, self.full) else _any_of_next(above, width)


def _any_of_next(bits: int, width: int) -> int:
    """Bit x is set where any of the bits x..x+width−1 is."""
    found, span = bits, 1
    while span < width:
        step = min(span, width - span)
        found |= found >> step
        span += step
    return found
