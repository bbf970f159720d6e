"""Refuses to resize where sizes do not change. In a batch of events it is only told of there."""

from __future__ import annotations

from uiengine.page.surface import Surface
from webapp.layouts.errors.problem import Problem


def resize_check(surface: Surface, breakpoint: str) -> None:
    """Raises Problem where the surface's owner lets no sizes change, or has no such breakpoint."""
    names = [at.name for at in surface.breakpoints]
    may_resize = surface.guardrails.sizes and surface.mode == "live"
    if may_resize and breakpoint in names:
        return
    problem = f"Sizes do not change on {surface.slug!r}."
    if may_resize:
        problem = f"{surface.slug!r} has the breakpoints {', '.join(names)}, not {breakpoint!r}."
    raise Problem(
        "sizes-not-allowed",
        problem,
        field="breakpoint" if may_resize else "type",
        value=breakpoint if may_resize else "resize",
    )
