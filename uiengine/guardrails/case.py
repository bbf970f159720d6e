"""What a guardrail judges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from uiengine.behaviour.profile import Feedback
from uiengine.page.layout import Layout, Placement
from uiengine.page.surface import Breakpoint, Surface


@dataclass(frozen=True)
class Case:
    """A layout, the surface it is for, and what the subject saw and asked for before.

    before: the previous visit's reading order; empty on a first visit, which has nothing to move.
    by_user: the order was set by the user's own hand in this visit, which no budget limits.
    """

    surface: Surface
    layout: Layout
    before: tuple[str, ...] = ()
    feedback: Feedback = field(default_factory=Feedback)
    day: int = 0
    by_user: bool = False

    def grids(self) -> Iterator[tuple[Breakpoint, tuple[Placement, ...]]]:
        for at in self.surface.breakpoints:
            yield at, self.layout.placements.get(at.name, ())

    def is_free(self, at: Breakpoint, block_id: str) -> bool:
        """Neither the team nor the user fixed the block's cell at this breakpoint."""
        block = self.surface.index.get(block_id)
        pin = self.feedback.pins.get(block_id)
        by_team = block is not None and self.surface.blocks[block].is_pinned
        return not by_team and (pin is None or pin.breakpoint != at.name)
