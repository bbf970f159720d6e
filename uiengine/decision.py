"""The variant that is served, and what is remembered of why."""

from __future__ import annotations

from dataclasses import dataclass, field

from .decoded import Reason, Stability
from .exploration import Candidate
from .layout import Layout


@dataclass(frozen=True)
class Variant:
    """One candidate layout with its energy."""

    layout: Layout
    energy: float


@dataclass(frozen=True)
class Decision:
    """status: adapted, default or frozen (the web layer adds dry_run and fallback).

    energy: modelled seconds over the horizon, lower is better; None where nothing was scored.
    propensity: probability with which this layout was drawn, among `candidates` where the surface
    explores; variants: the best distinct ones.
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
