"""A decision as the JSON that grid libraries take unchanged, with its reasons as sentences.

The engine gives reasons as codes with values. Its English sentences are marked here for
`manage.py makemessages`; `webapp/locale` has the translations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from django.urls import get_script_prefix, get_urlconf, reverse, set_script_prefix, set_urlconf
from django.utils.translation import get_language, gettext, gettext_noop, override

from uiengine import explain
from uiengine.behaviour.profile import Feedback, Pin
from uiengine.decision import Decision, Reason, Variant
from uiengine.page.layout import Layout, Placement
from uiengine.page.surface import Block, Breakpoint, Same, Surface
from webapp.layouts.answer.put_away import NOT_ALLOWED, put_away

Item = dict[str, Any]
"""A block's box in grid cells, in the format of grid libraries."""
WISHES = (
    *("pin", "resize", "undo", "reset", "freeze", "plain"),
    *("fold", "put_away", "bring_back", "decline"),
)
SENTENCES = {
    "pinned": gettext_noop("You pinned $title here."),
    "most_visits": gettext_noop("You use $title in most of your visits: in $uses of $visits."),
    "last_visit": gettext_noop("You used $title in your last visit."),
    "some_visits": gettext_noop("You come back to $title: you used it in $uses of $visits visits."),
    "used": gettext_noop("You have used $title here before."),
    "popular": gettext_noop(
        "$percent % of what is used here lately is $title, on a page with $people or more"
        " other people."
    ),
    "predicted": gettext_noop(
        "$people or more other people were here lately; those who use this page as you do"
        " often need $title next."
    ),
    "first_visit": gettext_noop(
        "$percent % of what newcomers use here lately is $title; $people or more were new."
    ),
    "guess": gettext_noop("A first guess from pages like this one."),
    "kept": gettext_noop("Everything stays where you know it."),
    "resized": gettext_noop("You chose the size of $title."),
    "larger": gettext_noop(
        "On a wide page $title is larger than usual: you used it in $uses of $visits visits."
    ),
    "smaller": gettext_noop(
        "On a wide page $title is smaller than usual: you used it in $uses of $visits visits."
    ),
}
"""Sentences by code; a test compares them with `uiengine.explain.SENTENCES`."""


def payload(
    surface: Surface,
    decision: Decision,
    *,
    mine: Surface,
    status: str,
    signed: str,
    feedback: Feedback,
    undo: str = "nothing",
    whose: str = "",
    budget: int = 0,
    variants: Sequence[tuple[Variant, str]] = (),
) -> bytes:
    """Returns the JSON of GET /api/layout, in the active language.

    mine: the surface without what the person put away, for which it was decided. feedback: the
    person's wishes. undo: the effect that undo would have. whose: the user's name in decisions, by
    which a client separates its users' batches; empty for visitors and without a subject. budget:
    candidates that could be scored. variants: each with its own signed decision.
    """
    pins, is_live = feedback.pins, surface.guardrails.put_away and surface.mode == "live"
    body = {
        "surface": surface.slug,
        "revision": surface.revision,
        "status": status,
        "version": decision.version,
        "breakpoints": {at.name: at.min_width for at in surface.breakpoints},
        "cols": {at.name: at.columns for at in surface.breakpoints},
        "row_height": surface.row_height,
        **_placed(mine, decision.layout, pins),
        "elements": _elements(Same(surface), get_language()),
        "pins": [block_id for block_id in pins if block_id in surface.index],
        **(put_away(surface, mine, decision, feedback) if is_live else NOT_ALLOWED),
        "sizes": surface.guardrails.sizes and surface.mode == "live",
        "stability": _stability(decision),
        "search": {
            "system": decision.system if decision.energy is not None else 0,
            "budget": budget if decision.energy is not None else 0,
        },
        "emphasis": _emphasis(surface, decision),
        "why": _why(decision.reasons),
        "undo": undo,
        "decision": signed,
        "whose": whose,
        "variants": [_variant(mine, variant, decision, own, pins) for variant, own in variants],
        "links": _links(get_script_prefix(), get_urlconf(), get_language()),
    }
    return orjson.dumps(body)


def _why(reasons: Sequence[Reason]) -> dict[str, str]:
    """The sentences of each block; one that climbed and was resized has two."""
    found: dict[str, str] = {}
    for reason in reasons:
        said = reason_sentence(reason)
        found[reason.block] = f"{found[reason.block]} {said}" if reason.block in found else said
    return found


def reason_sentence(reason: Reason) -> str:
    """The reason in the active language."""
    return _sentence(reason.code, tuple(reason.values.items()), get_language())


@lru_cache(maxsize=4096)
def _sentence(code: str, values: tuple[tuple[str, Any], ...], language: str | None) -> str:
    """language: the active one; it is an argument because it belongs to the cache's key."""
    said = {name: gettext(v) if isinstance(v, str) else v for name, v in values}
    return explain.sentence(Reason(code, "", said), gettext(SENTENCES[code]))


def seconds_note() -> str:
    """The note shown with every figure in seconds."""
    return gettext("Seconds are modelled, not measured.")


class Voice(NamedTuple):
    """The language of an answer's sentences, and where its links lead: a site may have several
    prefixes. The language is empty where translation is off."""

    language: str
    prefix: str
    urlconf: str | None

    @property
    def mounted(self) -> str:
        """A hash of where the links lead in each language."""
        return _mounted(self.prefix, self.urlconf)


def voice() -> Voice:
    """The voice of the present request."""
    return Voice(get_language() or "", get_script_prefix(), get_urlconf())


@contextmanager
def speaking(asked: Voice) -> Iterator[None]:
    """Renders in another request's voice."""
    prefix, urlconf = get_script_prefix(), get_urlconf()
    set_script_prefix(asked.prefix)
    set_urlconf(asked.urlconf)
    try:
        with override(asked.language or None):
            yield
    finally:
        set_script_prefix(prefix)
        set_urlconf(urlconf)


@lru_cache(maxsize=16)
def _mounted(prefix: str, urlconf: str | None) -> str:
    return hashlib.sha256(repr((prefix, urlconf)).encode()).hexdigest()[:8]


@lru_cache(maxsize=64)
def _links(prefix: str, urlconf: str | None, language: str | None) -> dict[str, str]:
    """prefix, urlconf, language: the state that `reverse` depends on, as the cache's key."""
    wish = reverse("uiengine_layouts:feedback")
    return {"events": reverse("uiengine_layouts:events"), **{name: wish for name in WISHES}}


def _placed(surface: Surface, layout: Layout, pins: Mapping[str, Pin]) -> dict[str, Any]:
    return {"order": list(layout.order), "layouts": _layouts(surface, layout, pins)}


def _variant(
    surface: Surface, variant: Variant, decision: Decision, signed: str, pins: Mapping[str, Pin]
) -> dict[str, Any]:
    return {
        "energy_seconds": round(variant.energy, 4),
        "is_served": variant.layout.order == decision.layout.order,
        **_placed(surface, variant.layout, pins),
        "decision": signed,
    }


def _emphasis(surface: Surface, decision: Decision) -> dict[str, Any] | None:
    """The block to point to, how, and how sure; None where there is none."""
    if (found := decision.expected) is None:
        return None
    return {
        "how": surface.guardrails.emphasis,
        "block": found.block,
        "probability": round(found.probability, 3),
    }


def _stability(decision: Decision) -> dict[str, Any]:
    stability = decision.stability
    return {
        "moved": list(stability.moved),
        "resized": list(stability.resized),
        "budget": stability.budget,
        "cost_seconds": round(stability.cost_seconds, 3),
        "saves_seconds": round(stability.saves_seconds, 3),
        "note": seconds_note(),
    }


def _layouts(surface: Surface, layout: Layout, pins: Mapping[str, Pin]) -> dict[str, list[Item]]:
    """The items of each breakpoint."""
    boxes = _boxes(Same(surface))
    found = {}
    for at in surface.breakpoints:
        here, pinned = boxes[at.name], _pinned_at(at.name, pins)
        found[at.name] = [_item(here[p.id], p, p.id in pinned) for p in layout.placements[at.name]]
    return found


def _pinned_at(breakpoint: str, pins: Mapping[str, Pin]) -> set[str]:
    return {block_id for block_id, pin in pins.items() if pin.breakpoint == breakpoint}


def _item(box: Item, placed: Placement, is_pinned: bool) -> Item:
    """A placed block's box. is_pinned: the user pinned it to this cell."""
    _, x, y, w, h = placed
    item = {**box, "x": x, "y": y, "w": w, "h": h}
    if w < box["minW"] or h < box["minH"]:
        item["minW"], item["minH"] = min(box["minW"], w), min(box["minH"], h)
    if "maxW" in box:
        item["maxW"], item["maxH"] = max(box["maxW"], w), max(box["maxH"], h)
    if is_pinned:
        item["static"] = item["locked"] = True
    return item


@lru_cache(maxsize=256)
def _boxes(of: Same[Surface]) -> dict[str, dict[str, Item]]:
    """Boxes without their cells, by breakpoint and block."""
    return {
        at.name: {block.id: _box(block, at) for block in of.value.blocks}
        for at in of.value.breakpoints
    }


def _box(block: Block, at: Breakpoint) -> Item:
    """One block for react-grid-layout (`i`, `static`, `isDraggable`…) and gridstack (`id`, …).

    Neither library may move up a block that is pinned to a cell. Users may drag their own pinned
    blocks, but not those pinned by the team. `_item` sets x, y, w and h.
    """
    limits, is_fixed = block.sizes[at.name], block.is_pinned
    most = {"maxW": limits.max.w, "maxH": limits.max.h} if limits.max else {}
    return {
        "id": block.id,
        "i": block.id,
        "x": 0,
        "y": 0,
        "w": 0,
        "h": 0,
        "minW": limits.min.w,
        "minH": limits.min.h,
        "static": is_fixed,
        "locked": is_fixed,
        "noMove": is_fixed,
        "noResize": is_fixed,
        "isDraggable": not is_fixed,
        "isResizable": not is_fixed,
        **most,
    }


@lru_cache(maxsize=256)
def _elements(of: Same[Surface], language: str) -> orjson.Fragment:
    """Blocks by id, in the active language, which is an argument as part of the cache's key."""
    return orjson.Fragment(orjson.dumps({b.id: _element(b) for b in of.value.blocks}))


def _element(block: Block) -> dict[str, Any]:
    return {
        "id": block.id,
        "kind": block.kind,
        "title": gettext(block.title),
        "group": block.group,
        "required": block.required,
        "pinned": block.is_pinned,
    }
