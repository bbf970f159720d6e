"""A decision as the JSON that grid libraries take unchanged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language, gettext

from uiengine.decision import Decision, Variant
from uiengine.layout import Layout, Placement
from uiengine.profile import Pin
from uiengine.surface import Block, Breakpoint, Surface

from .words import reason_sentence, seconds_note

WISHES = ("pin", "undo", "reset", "freeze")


def payload(
    surface: Surface,
    decision: Decision,
    *,
    status: str,
    signed: str,
    pins: Mapping[str, Pin],
    undo: str = "nothing",
    whose: str = "",
    budget: int = 0,
    variants: Sequence[tuple[Variant, str]] = (),
) -> dict[str, Any]:
    """The answer of GET /api/layout, in the language that is active.

    undo: what undo would take back. whose: the user's name in decisions, by which a client tells
    its batches from another user's; empty for visitors and nobody. budget: candidates that could
    be scored. variants: each with its own signed decision.
    """
    wish = reverse("layouts:feedback")
    return {
        "surface": surface.slug,
        "revision": surface.revision,
        "status": status,
        "version": decision.version,
        "breakpoints": {at.name: at.min_width for at in surface.breakpoints},
        "cols": {at.name: at.columns for at in surface.breakpoints},
        "row_height": surface.row_height,
        **_placed(surface, decision.layout, pins),
        "elements": _elements(_Same(surface), get_language()),
        "pins": [block_id for block_id in pins if block_id in surface.index],
        "stability": _stability(decision),
        "search": {
            "system": decision.system if decision.energy is not None else 0,
            "budget": budget if decision.energy is not None else 0,
        },
        "why": {reason.block: reason_sentence(reason) for reason in decision.reasons},
        "undo": undo,
        "decision": signed,
        "whose": whose,
        "variants": [
            {
                "energy_seconds": round(variant.energy, 4),
                "is_served": variant.layout.order == decision.layout.order,
                **_placed(surface, variant.layout, pins),
                "decision": own,
            }
            for variant, own in variants
        ],
        "links": {"events": reverse("layouts:events"), **{name: wish for name in WISHES}},
    }


def _placed(surface: Surface, layout: Layout, pins: Mapping[str, Pin]) -> dict[str, Any]:
    return {"order": list(layout.order), "layouts": _layouts(surface, layout, pins)}


def _stability(decision: Decision) -> dict[str, Any]:
    stability = decision.stability
    return {
        "moved": list(stability.moved),
        "budget": stability.budget,
        "cost_seconds": round(stability.cost_seconds, 3),
        "saves_seconds": round(stability.saves_seconds, 3),
        "note": seconds_note(),
    }


def _layouts(
    surface: Surface, layout: Layout, pins: Mapping[str, Pin]
) -> dict[str, list[dict[str, Any]]]:
    return {
        at.name: [
            _item(surface.blocks[surface.index[p.id]], at, p, pins.get(p.id))
            for p in layout.placements[at.name]
        ]
        for at in surface.breakpoints
    }


def _item(block: Block, at: Breakpoint, placed: Placement, pin: Pin | None) -> dict[str, Any]:
    """One block for react-grid-layout (`i`, `static`, `isDraggable`…) and gridstack (`id`, …).

    Neither library may pull up a block that holds a cell. What the user pinned there the user may
    still drag; what the team pinned nobody may.
    """
    block_id, x, y, w, h = placed
    limits = block.sizes[at.name]
    is_fixed = block.is_pinned
    holds_cell = is_fixed or (pin is not None and pin.breakpoint == at.name)
    item: dict[str, Any] = {
        "id": block_id,
        "i": block_id,
        "x": x,
        "y": y,
        "w": w,
        "h": h,
        "minW": min(limits.min.w, w),
        "minH": min(limits.min.h, h),
        "static": holds_cell,
        "locked": holds_cell,
        "noMove": is_fixed,
        "noResize": is_fixed,
        "isDraggable": not is_fixed,
        "isResizable": not is_fixed,
    }
    if limits.max is not None:
        item["maxW"] = max(limits.max.w, w)
        item["maxH"] = max(limits.max.h, h)
    return item


class _Same:
    """A surface as a key: the same object, which is quicker than comparing all that it holds."""

    def __init__(self, surface: Surface) -> None:
        self.surface = surface

    def __hash__(self) -> int:
        return id(self.surface)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.surface is self.surface


@lru_cache(maxsize=256)
def _elements(of: _Same, language: str) -> dict[str, dict[str, Any]]:
    """Blocks by id, in a language: it is the active one, and here to tell one from another."""
    return {block.id: _element(block) for block in of.surface.blocks}


def _element(block: Block) -> dict[str, Any]:
    return {
        "id": block.id,
        "kind": block.kind,
        "title": gettext(block.title),
        "group": block.group,
        "required": block.required,
        "pinned": block.is_pinned,
    }
