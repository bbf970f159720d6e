"""A page as a tool saves it: what may be placed, where its places are written, what stays.

Page
└── Space         a coordinate space: a tab, a row's inside, the page itself
    └── Band      blocks that are arranged among themselves, below a head that stays above them
        ├── Head  a row's header, a section, a group; it may hold spaces of its own
        └── Item  what may be placed: it becomes a block

Paths lead from the document to its values, so that a layout can be written into it by paths alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from uiengine.dashboards.document import Path


class Box(NamedTuple):
    """A place in the tool's own grid: columns and rows, which a tool may count in fractions."""

    x: float
    y: float
    w: float
    h: float

    @property
    def bottom(self) -> float:
        return self.y + self.h

    def overlaps(self, other: Box) -> bool:
        beside = self.x < other.x + other.w and other.x < self.x + self.w
        return beside and self.y < other.bottom and other.y < self.bottom


NOWHERE = Box(0, 0, 0, 0)


@dataclass(frozen=True)
class Keys:
    """Where a node keeps its box, below the node; None for what a tool does not keep.

    base: the tool's number of the first cell.
    """

    x: Path | None
    y: Path | None
    w: Path | None
    h: Path | None
    base: int = 0


@dataclass(frozen=True)
class Item:
    """What may be placed. path: its node in the document; low, high: size limits (w, h).

    content: what it shows, apart from its place; it tells blocks apart whose ids are missing or
    equal.
    """

    id: str
    kind: str
    title: str
    box: Box
    path: Path
    content: Any = None
    low: tuple[int, int] | None = None
    high: tuple[int, int] | None = None
    is_fixed: bool = False


@dataclass(frozen=True)
class Head:
    """What stands above a band and stays there. inner: the spaces that it holds, if any.

    keys: None where the tool keeps no place of it. grows: its height is that of what it holds.
    """

    title: str
    path: Path = ()
    box: Box = NOWHERE
    keys: Keys | None = None
    inner: tuple[Space, ...] = ()
    grows: bool = False


@dataclass(frozen=True)
class Band:
    """Blocks that are arranged among themselves, in reading order."""

    items: tuple[Item, ...] = ()
    head: Head | None = None


@dataclass(frozen=True)
class Space:
    """A coordinate space. keys: where nodes keep boxes; None if the order of a list is the place.

    is_list: the nodes stand in a list in reading order, and have to. compacts: the tool pulls
    blocks up when it loads. origin: the first row.
    """

    bands: tuple[Band, ...]
    columns: int
    keys: Keys | None = None
    is_list: bool = False
    compacts: bool = True
    origin: float = 0
    title: str = ""

    def items(self) -> Iterator[Item]:
        for band in self.bands:
            yield from band.items


@dataclass(frozen=True)
class Grid:
    """A breakpoint of the tool's own: from `min_width` px, `columns`; boxes by item."""

    name: str
    min_width: int
    columns: int
    space: Space


@dataclass(frozen=True)
class Page:
    """A page of a tool. grids: the tool's own breakpoints, widest first; empty where it has none.

    notes: sentences on what was carried in another form, or left as it stands.
    """

    title: str
    spaces: tuple[Space, ...]
    row_height: int
    columns: int
    notes: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    extra: Any = field(default=None, compare=False)


class Section(NamedTuple):
    """A band with the names of all that holds it, from the outside."""

    names: tuple[str, ...]
    band: Band
    space: Space


def sections(spaces: tuple[Space, ...], names: tuple[str, ...] = ()) -> Iterator[Section]:
    """All bands with items, in reading order."""
    for space in spaces:
        inside = (*names, space.title) if space.title else names
        for band in space.bands:
            head = band.head
            below = (*inside, head.title) if head and head.title else inside
            if head:
                yield from sections(head.inner, below)
            if band.items:
                yield Section(inside if head and head.inner else below, band, space)
