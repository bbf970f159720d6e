"""Surfaces: pages whose blocks can be arranged, and the rules set by their owners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from typing import Any, Generic, TypeVar

T = TypeVar("T")
MARKS = ("navigation", "help")
"""Fields of a block: those that bear one keep their order (`uiengine.page.consistency`)."""
MIN_TARGET_WIDTH = 320
"""Smallest page width in px at which touch targets are judged."""


class Same(Generic[T]):
    """A cache key that compares objects by identity instead of content.

    It keeps the object alive, so that no other object can get its address while the entry exists.
    Comparing identities is faster than comparing surfaces.
    """

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """A page width from which a grid applies. In px, except for `columns`."""

    name: str
    min_width: int
    columns: int
    viewport_height: int

    @property
    def width(self) -> int:
        """Page width in px at which sizes are judged."""
        return max(self.min_width, MIN_TARGET_WIDTH)


@dataclass(frozen=True, slots=True)
class Size:
    """Width in columns, height in rows."""

    w: int
    h: int


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """A block's sizes at one breakpoint, in grid cells; `max=None` means unlimited."""

    default: Size
    min: Size
    max: Size | None = None

    def of_class(self, size_class: int) -> Size:
        """The size of a class: 0 minimum, 1 default, 2 maximum (the default if unlimited)."""
        return (self.min, self.default, self.max or self.default)[size_class]

    def allows(self, w: int, h: int) -> bool:
        over = self.max is not None and (w > self.max.w or h > self.max.h)
        return w >= self.min.w and h >= self.min.h and not over


@dataclass(frozen=True, slots=True)
class Cell:
    """Top left corner, in columns and rows."""

    x: int
    y: int


@dataclass(frozen=True)
class Block:
    """One item of a surface. pinned: its fixed cell per breakpoint; empty if it can move.

    navigation, help: marks whose blocks keep their order (`uiengine.page.consistency`).
    """

    id: str
    kind: str
    title: str
    sizes: Mapping[str, SizeLimits]
    pinned: Mapping[str, Cell] = field(default_factory=dict)
    required: bool = False
    group: str = ""
    navigation: bool = False
    help: bool = False

    @property
    def is_pinned(self) -> bool:
        return bool(self.pinned)


EMPHASIS = ("none", "appear", "mark")
"""How a page may point to a block: not at all, by letting it appear first, by a mark."""


@dataclass(frozen=True, slots=True)
class GuardrailSettings:
    """Rules set by the surface's owner.

    move_budget: blocks that may move per visit. exploration: share of visits (0 to 0.2) served a
    layout drawn by its energy instead of the best; off by default. stretch: whether blocks widen
    over gaps to their right, up to their largest width. emphasis: how a page points to the block
    that is expected next, one of EMPHASIS; nothing moves by it. put_away: whether people may fold
    blocks and put them away (`uiengine.put_away`). sizes: whether blocks may take their least and
    largest size too (`uiengine.search.resizing`), and people may resize them.
    """

    move_budget: int = 6
    min_target_px: int = 24
    exploration: float = 0.0
    stretch: bool = False
    emphasis: str = "none"
    put_away: bool = False
    sizes: bool = False

    @property
    def points(self) -> bool:
        return self.emphasis != "none"


@dataclass(frozen=True)
class Surface:
    """A page: blocks in their default reading order, and the grids they are packed into.

    groups: the order of groups from the top; blocks without a group come after all groups. zone:
    the IANA name of the time zone in which days are cut (`uiengine.behaviour.days`).
    """

    slug: str
    blocks: tuple[Block, ...]
    breakpoints: tuple[Breakpoint, ...]
    revision: int = 1
    row_height: int = 120
    groups: tuple[str, ...] = ()
    guardrails: GuardrailSettings = GuardrailSettings()
    mode: str = "live"
    zone: str = "UTC"

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Position of each block id in `blocks`."""
        return {block.id: i for i, block in enumerate(self.blocks)}

    @cached_property
    def group_ranks(self) -> tuple[int, ...]:
        """Per block, its group's position from the top; blocks without a group come last."""
        place = {name: i for i, name in enumerate(self.groups)}
        return tuple(place.get(block.group, len(place)) for block in self.blocks)

    @cached_property
    def is_grouped(self) -> bool:
        """True if the page has blocks of several groups."""
        return len(set(self.group_ranks)) > 1

    @cached_property
    def kept_orders(self) -> tuple[frozenset[str], ...]:
        """Per mark, its blocks that may move, whose declared order is kept; only where several.

        A block that bears both marks makes one of them: orders that are kept share no block.
        """
        marked = [
            frozenset(b.id for b in self.blocks if getattr(b, mark) and not b.is_pinned)
            for mark in MARKS
        ]
        kept = [marked[0] | marked[1]] if marked[0] & marked[1] else marked
        return tuple(ids for ids in kept if len(ids) > 1)

    @cached_property
    def pinned_ranks(self) -> Mapping[str, int]:
        """Rank of each block pinned by the team: its position in the declared order."""
        return {block.id: rank for rank, block in enumerate(self.blocks) if block.is_pinned}

    @cached_property
    def widest(self) -> Breakpoint:
        """The breakpoint for which energies are computed, because one order serves all
        breakpoints."""
        return max(self.breakpoints, key=lambda b: (b.min_width, b.columns))

    @cached_property
    def memory(self) -> dict[str, Any]:
        """Values that other modules derive from the surface once and need at every decision."""
        return {}

    def block(self, block_id: str) -> Block:
        return self.blocks[self.index[block_id]]

    def smallest_target(self, at: Breakpoint) -> Size:
        """The smallest size in cells that is a touch target of `min_target_px` in both
        directions."""
        px = self.guardrails.min_target_px
        return Size(ceil(px * at.columns / at.width), ceil(px / self.row_height))

    @cached_property
    def sizes(self) -> Mapping[str, Mapping[str, tuple[Size, Size, Size]]]:
        """Per breakpoint and block, its sizes of class 0, 1, 2 (minimum, default, maximum).

        At least the touch target, and at most as wide as the grid.
        """
        return {at.name: {b.id: self._sizes(at, b) for b in self.blocks} for at in self.breakpoints}

    def _sizes(self, at: Breakpoint, block: Block) -> tuple[Size, Size, Size]:
        least = self.smallest_target(at)
        low, default, high = (
            Size(min(max(s.w, least.w), at.columns), max(s.h, least.h))
            for s in map(block.sizes[at.name].of_class, range(3))
        )
        return low, default, high


def to_json(surface: Surface) -> dict[str, Any]:
    """The surface as a JSON object as in `fixtures/surfaces`, which `surface_json.parse` reads."""
    return {
        "slug": surface.slug,
        "revision": surface.revision,
        "row_height": surface.row_height,
        "mode": surface.mode,
        "groups": list(surface.groups),
        "guardrails": {
            "move_budget": surface.guardrails.move_budget,
            "min_target_px": surface.guardrails.min_target_px,
            "exploration": surface.guardrails.exploration,
            **({"stretch": True} if surface.guardrails.stretch else {}),
            **_emphasis(surface.guardrails),
            **({"put_away": True} if surface.guardrails.put_away else {}),
            **({"sizes": True} if surface.guardrails.sizes else {}),
        },
        "breakpoints": [
            {
                "name": b.name,
                "min_width": b.min_width,
                "columns": b.columns,
                "viewport_height": b.viewport_height,
            }
            for b in surface.breakpoints
        ],
        "blocks": [_block_json(block) for block in surface.blocks],
        **({"zone": surface.zone} if surface.zone != "UTC" else {}),
    }


def _emphasis(guardrails: GuardrailSettings) -> dict[str, str]:
    return {"emphasis": guardrails.emphasis} if guardrails.points else {}


def _block_json(block: Block) -> dict[str, Any]:
    return {
        "id": block.id,
        "kind": block.kind,
        "title": block.title,
        "required": block.required,
        "group": block.group,
        **{mark: True for mark in MARKS if getattr(block, mark)},
        "pinned": {name: [cell.x, cell.y] for name, cell in block.pinned.items()},
        "sizes": {
            name: {
                "default": [s.default.w, s.default.h],
                "min": [s.min.w, s.min.h],
                "max": [s.max.w, s.max.h] if s.max else None,
            }
            for name, s in block.sizes.items()
        },
    }
