"""Checks, when a surface is saved, that some layout can keep its rules."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from uiengine.errors import SurfaceError
from uiengine.page import consistency
from uiengine.page.layout import Placement
from uiengine.page.surface import Surface


def clashes(surface: Surface) -> tuple[str, ...]:
    """Sentences that name blocks and rules in conflict; empty if all rules can be kept."""
    return tuple(
        [
            *_targets_past_limits(surface),
            *_pins_outside(surface),
            *_pins_overlapping(surface),
            *consistency.clashes(surface),
        ]
    )


def refuse_equal_widths(surface: Surface) -> None:
    """Raises SurfaceError for two breakpoints of one width, of which a page could show either."""
    first: dict[int, str] = {}
    for i, at in enumerate(surface.breakpoints):
        if (other := first.setdefault(at.min_width, at.name)) != at.name:
            problem = f"is that of {other!r} too, so {at.name!r} would never be told from it"
            step = "Give each breakpoint a width of its own, from which it applies."
            raise SurfaceError(f"breakpoints[{i}].min_width", at.min_width, problem, step)


def refuse_impossible(surface: Surface) -> None:
    """Raises SurfaceError that names two breakpoints of one width, or all rules and blocks in
    conflict."""
    refuse_equal_widths(surface)
    if found := clashes(surface):
        problem = "no layout keeps " + "; ".join(sentence.rstrip(".") for sentence in found)
        step = "Change the sizes, pins, marks or guardrails that it names."
        raise SurfaceError("blocks", surface.slug, problem, step)


def _targets_past_limits(surface: Surface) -> Iterator[str]:
    px = surface.guardrails.min_target_px
    for at in surface.breakpoints:
        least = surface.smallest_target(at)
        if least.w > at.columns:
            yield f"touch_targets: the page at {at.name!r} is under {px} px wide."
        for block in surface.blocks:
            high = block.sizes[at.name].max
            if high is not None and (high.w < least.w or high.h < least.h):
                yield (
                    f"touch_targets and size_limits: {block.id!r} may be at most "
                    f"{high.w} × {high.h} at {at.name!r}, but {px} px need "
                    f"{least.w} × {least.h} cells."
                )


def _pins_outside(surface: Surface) -> Iterator[str]:
    for at in surface.breakpoints:
        for placed in _pinned(surface, at.name):
            if placed.x + placed.w > at.columns:
                yield (
                    f"pinned_stay and inside_grid: {placed.id!r} at x {placed.x}, {placed.w} wide, "
                    f"leaves the {at.columns} columns."
                )


def _pins_overlapping(surface: Surface) -> Iterator[str]:
    for at in surface.breakpoints:
        for one, other in combinations(_pinned(surface, at.name), 2):
            if one.overlaps(other):
                yield f"pinned_stay and no_overlap: {one.id!r} and {other.id!r} at {at.name!r}."


def _pinned(surface: Surface, name: str) -> list[Placement]:
    placed = []
    for block in surface.blocks:
        if block.is_pinned:
            cell, size = block.pinned[name], surface.sizes[name][block.id][1]
            placed.append(Placement(block.id, cell.x, cell.y, size.w, size.h))
    return placed
