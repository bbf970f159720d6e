"""Decisions: the served layout, its alternatives, and the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from uiengine.page.layout import Layout


@dataclass(frozen=True)
class Variant:
    """One candidate layout with its energy."""

    layout: Layout
    energy: float


@dataclass(frozen=True)
class Stability:
    """moved: blocks whose rank differs from the previous visit's; resized: whose size class does.

    cost_seconds: modelled seconds over the horizon lost to forgotten positions and changed sizes;
    saves_seconds: what moves and new sizes save net of them.
    """

    moved: tuple[str, ...] = ()
    budget: int = 0
    cost_seconds: float = 0.0
    saves_seconds: float = 0.0
    resized: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reason:
    """The reason for a block's position: a code with values, worded by `explain.sentence`."""

    code: str
    block: str
    values: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order that could be drawn, its modelled seconds, and its probability."""

    order: tuple[str, ...]
    energy: float
    propensity: float


@dataclass(frozen=True, slots=True)
class Expected:
    """The block that is expected next. probability: of being used at this visit."""

    block: str
    probability: float


@dataclass(frozen=True, slots=True)
class Unused:
    """A block that the page may suggest to put away. visits, days: of one's own without a use."""

    block: str
    visits: int
    days: int


@dataclass(frozen=True)
class Decision:
    """The engine's result for a visit.

    status: adapted, default or frozen (the web layer adds dry_run and fallback). energy: modelled
    seconds over the horizon, lower is better; None if nothing was scored. propensity: probability
    with which this layout was drawn, from `candidates` if the surface explores. variants: the best
    distinct layouts. expected: the block that the page may point to, None where there is none;
    unused: the one that it may suggest to put away, likewise.
    """

    layout: Layout
    status: str
    version: str
    revision: int
    visit: str
    generation: int
    tokens: tuple[int, ...] = ()
    side_bits: int = 0
    distortion: float = 0.0
    propensity: float = 1.0
    explored: bool = False
    energy: float | None = None
    demand: tuple[float, ...] = ()
    stability: Stability = field(default_factory=Stability)
    reasons: tuple[Reason, ...] = ()
    system: int = 1
    variants: tuple[Variant, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    expected: Expected | None = None
    unused: Unused | None = None
