"""Layouts: the position of every block at every breakpoint, and packing an order into a grid.

Packing places blocks with a fixed cell first. Every other block goes to the topmost, then leftmost
free place that follows its predecessor in reading order and whose top edge touches the page's top
or the bottom of a placed block. Rows are bit masks of columns, so testing a row takes a few integer
operations for any width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from operator import attrgetter
from typing import NamedTuple

from uiengine.page.size_classes import Classes, class_sizes
from uiengine.page.surface import Breakpoint, Cell, Size, Surface


class Placement(NamedTuple):
    """A block's box in grid cells. A named tuple, because a decision makes hundreds of them."""

    id: str
    x: int
    y: int
    w: int
    h: int

    @property
    def bottom(self) -> int:
        return self.y + self.h

    def overlaps(self, other: Placement) -> bool:
        return (
            self.x < other.x + other.w
            and other.x < self.x + self.w
            and self.y < other.bottom
            and other.y < self.bottom
        )


@dataclass(frozen=True)
class Layout:
    """order: all block ids in reading order; placements: per breakpoint, sorted by (y, x).

    All breakpoints share one order. Only a block with a fixed cell (pinned by the team, or by the
    user at that breakpoint) may stand elsewhere in a breakpoint's placements. sizes: where the
    surface lets sizes change, classes of the blocks that have not their default one: 0 min, 2 max.
    """

    order: tuple[str, ...]
    placements: Mapping[str, tuple[Placement, ...]]
    sizes: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """0-based rank of each block in reading order."""
        return {block_id: rank for rank, block_id in enumerate(self.order)}


def moved_blocks(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    """Blocks of both orders whose rank differs, in the order of `after`; includes pushed blocks."""
    rank = {block_id: r for r, block_id in enumerate(before)}
    return tuple(b for r, b in enumerate(after) if b in rank and rank[b] != r)


NO_SIZES: Mapping[str, Size] = {}
_reading = attrgetter("y", "x")
_placement: Callable[[tuple[str, int, int, int, int]], Placement] = partial(
    tuple.__new__, Placement
)
"""Makes a `Placement` from its fields in half the time of its constructor."""


def pack(
    surface: Surface,
    order: Sequence[str],
    size_classes: Mapping[str, int] | None = None,
    held: Mapping[str, Mapping[str, Cell]] | None = None,
    own: Mapping[str, Mapping[str, Size]] | None = None,
) -> Layout:
    """Packs `order` (ids of all blocks) at every breakpoint.

    Where the surface stretches, free blocks then widen over the gap to their right, within their
    limits; order, corners and modelled seconds stay. size_classes: 0 min, 1 default, 2 max per
    block, default 1. held: per breakpoint, the cells of blocks that a user pinned there; an
    occupied cell, or one outside the grid, is ignored. own: per breakpoint, the sizes that a user
    gave there, within the limits; such blocks do not widen.
    """
    classes, held, own = size_classes or {}, held or {}, own or {}
    chosen = [(block_id, classes.get(block_id, 1)) for block_id in order]
    placements = {
        at.name: _pack_breakpoint(
            surface, at, chosen, held.get(at.name, {}), own.get(at.name, NO_SIZES)
        )
        for at in surface.breakpoints
    }
    if not surface.guardrails.sizes:
        return Layout(tuple(order), placements)
    return Layout(tuple(order), placements, {b: c for b, c in chosen if c != 1})


def _pack_breakpoint(
    surface: Surface,
    at: Breakpoint,
    chosen: Sequence[tuple[str, int]],
    held: Mapping[str, Cell],
    own: Mapping[str, Size],
) -> tuple[Placement, ...]:
    """Packs one breakpoint. chosen: all blocks in order, each with its size class."""
    grid, known = _Grid(at.columns), _classes(surface)[at.name]
    sizes = [(block_id, known[block_id][size_class]) for block_id, size_class in chosen]
    if own:
        sizes = [(block_id, own.get(block_id, size)) for block_id, size in sizes]
    if not held and not surface.pinned_ranks and not surface.guardrails.stretch:
        return tuple(grid.flow(sizes))
    placed = _fixed(surface, at, dict(sizes), held, grid)
    ids = {p.id for p in placed}
    free = grid.flow([(block_id, size) for block_id, size in sizes if block_id not in ids])
    if surface.guardrails.stretch:
        free = [p if p.id in own else grid.widen(p, _widest(surface, at, p)) for p in free]
    return tuple(sorted([*placed, *free], key=_reading))


def _classes(surface: Surface) -> Classes:
    return class_sizes(surface) if surface.guardrails.sizes else surface.sizes


def _widest(surface: Surface, at: Breakpoint, placed: Placement) -> int:
    """The columns that a block may take: its largest width, or those of the grid."""
    most = surface.block(placed.id).sizes[at.name].max
    return min(most.w, at.columns) if most else at.columns


def _fixed(
    surface: Surface,
    at: Breakpoint,
    sizes: Mapping[str, Size],
    held: Mapping[str, Cell],
    grid: _Grid,
) -> list[Placement]:
    """Puts the blocks pinned by the team or the user into their cells."""
    placed = []
    for block_id in surface.pinned_ranks:
        cell, size = surface.block(block_id).pinned[at.name], surface.sizes[at.name][block_id][1]
        placed.append(grid.put(block_id, cell, size))
    for block_id, cell in held.items():
        if block_id not in sizes or block_id in surface.pinned_ranks:
            continue
        if grid.is_free(cell, size := sizes[block_id]):
            placed.append(grid.put(block_id, cell, size))
    return placed


class _Grid:
    """Occupied cells: one int per row, with bit x set if column x is occupied."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.rows: list[int] = []

    def put(self, block_id: str, cell: Cell, size: Size) -> Placement:
        rows, mask = self.rows, ((1 << size.w) - 1) << cell.x
        rows += [0] * (cell.y + size.h - len(rows))
        for y in range(cell.y, cell.y + size.h):
            rows[y] |= mask
        return Placement(block_id, cell.x, cell.y, size.w, size.h)

    def is_free(self, cell: Cell, size: Size) -> bool:
        if cell.x < 0 or cell.y < 0 or cell.x + size.w > self.columns:
            return False
        mask = ((1 << size.w) - 1) << cell.x
        return not any(row & mask for row in self.rows[cell.y : cell.y + size.h])

    def widen(self, placed: Placement, most: int) -> Placement:
        """Takes the free columns to the right of a box, up to `most` in all.

        A box that is wider carries what stood on it and on more, and hangs on what it hung on, so
        that no other box may move up.
        """
        end = placed.x + placed.w
        while end < min(placed.x + most, self.columns):
            if any(row >> end & 1 for row in self.rows[placed.y : placed.bottom]):
                break
            end += 1
        wide = Size(end - placed.x, placed.h)
        return self.put(placed.id, Cell(placed.x, placed.y), wide)

    def flow(self, sizes: Iterable[tuple[str, Size]]) -> list[Placement]:
        """Puts every block into the first free, supported cell after its predecessor.

        Such a cell always exists. One loop without calls, because it runs a hundred times per
        decision.
        """
        rows, columns, full = self.rows, self.columns, (1 << self.columns) - 1
        has_fixed = bool(rows)  # without fixed boxes, a box in the rows below starts at y or above
        placed, x, y, height = [], 0, 0, len(rows)
        for block_id, size in sizes:
            w, h = size.w, size.h
            if w == columns and not has_fixed:
                x, y = 0, height
            mask = (1 << w) - 1
            while True:
                if x + w > columns:
                    x, y = 0, y + 1
                taken = rows[y] if y < height else 0
                if has_fixed:
                    for row in rows[y + 1 : y + h]:
                        taken |= row
                if taken == full:
                    x = columns
                elif clash := (taken >> x) & mask:
                    x += clash.bit_length()
                elif y and not (rows[y - 1] >> x) & mask:
                    x += 1  # nothing to stand on
                else:
                    break
            if y + h > height:
                rows += [0] * (y + h - height)
                height = y + h
            for i in range(y, y + h):
                rows[i] |= mask << x
            placed.append(_placement((block_id, x, y, w, h)))
            x += w
        return placed
