"""Layouts: where every block stands, at every breakpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Placement(NamedTuple):
    """A block's box in grid cells. (A named tuple: hundreds are made for a decision.)"""

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
    """`order`: all block ids in reading order; `placements`: per breakpoint, sorted by (y, x).

    There is one order for all breakpoints. Only a block with a fixed cell (pinned by the team, or
    by the user at that breakpoint) may stand elsewhere in a breakpoint's placements.
    """

    order: tuple[str, ...]
    placements: Mapping[str, tuple[Placement, ...]]

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """0-based rank of each block in reading order."""
        return {block_id: rank for rank, block_id in enumerate(self.order)}


def moved_blocks(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    """Blocks of both orders whose rank differs, in the order of `after` (pushed ones included)."""
    rank = {block_id: r for r, block_id in enumerate(before)}
    return tuple(b for r, b in enumerate(after) if b in rank and rank[b] != r)
