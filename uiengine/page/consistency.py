"""Marks whose blocks keep their relative order on all surfaces of a site.

WCAG 2.2 asks it of what leads to other pages (3.2.3) and of what helps (3.2.6): such blocks occur
in the same relative order wherever they are repeated, unless the person changes it. The engine
never reorders the blocks of a mark, so two surfaces that declare them alike show them alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations, pairwise

from uiengine.page.layout import Placement
from uiengine.page.reading_order import default_order
from uiengine.page.surface import MARKS, Surface


def out_of_order(
    surface: Surface, mark: str, shown: Sequence[str], pins: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Neighbours among the blocks of a mark that stand the other way round than by default.

    shown: ids in reading order. pins: blocks that the user placed, which may stand anywhere.
    """
    place = {block_id: rank for rank, block_id in enumerate(default_order(surface))}
    kept = [b for b in shown if getattr(surface.block(b), mark) and b not in pins]
    for one, other in pairwise(kept):
        if place[one] > place[other]:
            yield one, other


def contradictions(surface: Surface, other: Surface) -> Iterator[tuple[str, str, str]]:
    """Yields (mark, first, second): blocks of both pages that `other` shows first and second, and
    `surface` second and first."""
    for mark in MARKS:
        here, there = _marked(surface, mark), _marked(other, mark)
        place = {block_id: rank for rank, block_id in enumerate(here)}
        for first, second in combinations((b for b in there if b in place), 2):
            if place[first] > place[second]:
                yield mark, first, second


def clashes(surface: Surface) -> Iterator[str]:
    """Sentences on blocks that the team both marked and pinned, where their order is not certain.

    It is where all blocks of the mark are pinned in their declared order, or those that are stand
    before anything that may move.
    """
    for mark in MARKS:
        marked = [surface.block(b) for b in _marked(surface, mark)]
        pinned = [block.id for block in marked if block.is_pinned]
        if not pinned or len(marked) == 1:
            continue
        for at in surface.breakpoints:
            corners = {b: surface.block(b).pinned[at.name] for b in pinned}
            by_cells = sorted(pinned, key=lambda b: (corners[b].y, corners[b].x))
            if by_cells != pinned:
                yield (
                    f"{mark}_order: at {at.name!r} the pinned cells show {', '.join(by_cells)}, "
                    f"the list of blocks {', '.join(pinned)}. Bring the cells into that order."
                )
            elif len(pinned) < len(marked):
                yield from _passable(surface, mark, at.name, pinned)


def _passable(surface: Surface, mark: str, at: str, pinned: Sequence[str]) -> Iterator[str]:
    """Names pinned blocks that a movable block of their mark might pass, or is declared before."""
    first = _marked(surface, mark)[: len(pinned)]
    covered = _covered(surface, at)
    for block_id in pinned:
        cell = surface.block(block_id).pinned[at]
        columns = next(b.columns for b in surface.breakpoints if b.name == at)
        before = {(x, y) for y in range(cell.y) for x in range(columns)}
        before |= {(x, cell.y) for x in range(cell.x)}
        if block_id not in first or not before <= covered:
            yield (
                f"{mark}_order: {block_id!r} is pinned at {at!r} where movable blocks of its mark "
                f"might pass it. Pin it, and declare it, before all that may move, or pin all "
                f"blocks marked {mark}, or take its mark away."
            )


def _covered(surface: Surface, at: str) -> set[tuple[int, int]]:
    """The cells under blocks that the team pinned."""
    boxes = [
        Placement(b.id, b.pinned[at].x, b.pinned[at].y, size.w, size.h)
        for b in surface.blocks
        if b.is_pinned
        for size in [surface.sizes[at][b.id][1]]
    ]
    return {
        (x, y)
        for box in boxes
        for x in range(box.x, box.x + box.w)
        for y in range(box.y, box.bottom)
    }


def _marked(surface: Surface, mark: str) -> list[str]:
    """The blocks of a mark in default order."""
    return [b for b in default_order(surface) if getattr(surface.block(b), mark)]
