"""The input of the guardrails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from uiengine.behaviour.profile import Feedback, resized_blocks
from uiengine.page.layout import Layout, Placement
from uiengine.page.surface import Breakpoint, Surface


@dataclass(frozen=True)
class Case:
    """A layout, its surface, and the subject's last order and wishes.

    before: the previous visit's reading order; empty on a first visit, where nothing can move.
    sizes_before: that visit's size classes. by_user: the user set the order by hand in this visit,
    so no move budget applies.
    """

    surface: Surface
    layout: Layout
    before: tuple[str, ...] = ()
    feedback: Feedback = field(default_factory=Feedback)
    day: int = 0
    by_user: bool = False
    sizes_before: Mapping[str, int] = field(default_factory=dict)

    def grids(self) -> Iterator[tuple[Breakpoint, tuple[Placement, ...]]]:
        for at in self.surface.breakpoints:
            yield at, self.layout.placements.get(at.name, ())

    def resized(self) -> tuple[str, ...]:
        """Blocks that have another size class than in the previous visit."""
        if not self.before or not self.surface.guardrails.sizes:
            return ()
        return resized_blocks(self.sizes_before, self.layout.sizes)

    def is_free(self, at: Breakpoint, block_id: str) -> bool:
        """Returns True if neither the team nor the user fixed the block's cell at this
        breakpoint."""
        block = self.surface.index.get(block_id)
        pin = self.feedback.pins.get(block_id)
        by_team = block is not None and self.surface.blocks[block].is_pinned
        return not by_team and (pin is None or pin.breakpoint != at.name)
