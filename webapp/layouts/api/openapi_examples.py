"""Examples for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

from webapp.layouts.errors.problem import CONTENT_TYPE

NAMES = ("news", "mail")


def _layouts(*order: str) -> dict[str, Any]:
    return {"wide": [_item(block_id, x=6 * place) for place, block_id in enumerate(order)]}


def _item(block_id: str, x: int) -> dict[str, Any]:
    box = {"x": x, "y": 0, "w": 6, "h": 2, "minW": 3, "minH": 1, "maxW": 12}
    holds = dict.fromkeys(("static", "locked", "noMove", "noResize"), False)
    return {"id": block_id, "i": block_id, **box, **holds, "isDraggable": True, "isResizable": True}


def _variant(energy: float, *order: str) -> dict[str, Any]:
    return {
        "energy_seconds": energy,
        "is_served": order == ("mail", "news"),
        "order": list(order),
        "layouts": _layouts(*order),
        "decision": ".eJxVjkEOwi…",
    }


LAYOUT_EXAMPLE = OpenApiExample(
    "A small page with two variants (?surface=home&variants=2)",
    response_only=True,
    status_codes=["200"],
    value={
        "surface": "home",
        "revision": 4,
        "status": "adapted",
        "version": "home-20260301-7f3a",
        "breakpoints": {"wide": 1200},
        "cols": {"wide": 12},
        "row_height": 60,
        "order": ["mail", "news"],
        "layouts": _layouts("mail", "news"),
        "elements": {
            name: {
                "id": name,
                "kind": name,
                "title": name.title(),
                "group": "",
                "required": False,
                "pinned": False,
            }
            for name in NAMES
        },
        "pins": [],
        "stability": {
            "moved": ["mail", "news"],
            "resized": ["mail"],
            "budget": 6,
            "cost_seconds": 0.214,
            "saves_seconds": 0.391,
            "note": "Seconds are modelled, not measured.",
        },
        "search": {"system": 2, "budget": 32},
        "emphasis": {"how": "appear", "block": "mail", "probability": 0.81},
        "sizes": True,
        "put_away": True,
        "folded": [],
        "tray": [],
        "suggestion": {
            "block": "news",
            "visits": 24,
            "days": 31,
            "says": "You have not used News in your last 24 visits. Put it away?",
        },
        "why": {"mail": "You use Mail in most of your visits: in 8 of 10."},
        "undo": "visit",
        "decision": ".eJxVjkEOwi…",
        "whose": "5c1f0e9a7b3d2468",
        "variants": [_variant(14.2071, "mail", "news"), _variant(14.5983, "news", "mail")],
        "links": {
            "events": "/api/events",
            "pin": "/api/feedback",
            "resize": "/api/feedback",
            "undo": "/api/feedback",
            "reset": "/api/feedback",
            "freeze": "/api/feedback",
            "plain": "/api/feedback",
            "fold": "/api/feedback",
            "put_away": "/api/feedback",
            "bring_back": "/api/feedback",
            "decline": "/api/feedback",
        },
    },
)

EVENTS_EXAMPLE = OpenApiExample(
    "An impression and a use",
    request_only=True,
    value={
        "decision": ".eJxVjkEOwi…",
        "events": [
            {"id": "0b6b0c1e", "at": "2026-03-02T09:00:00Z", "type": "impression"},
            {"id": "77d0a2f4", "at": "2026-03-02T09:00:12Z", "type": "use", "block": "mail"},
        ],
    },
)
GOALS_EXAMPLE = OpenApiExample(
    "A server tells of an order",
    request_only=True,
    value={
        "surface": "home",
        "goals": [
            {"id": "order-1234", "at": "2026-03-02T09:05:00Z", "name": "order", "value": 59.9}
        ],
    },
)
COUNTED_EXAMPLE = OpenApiExample(
    "One was new, one came again",
    response_only=True,
    status_codes=["202"],
    value={"accepted": 1, "duplicate": 1, "ignored": 0},
)
FEEDBACK_EXAMPLE = OpenApiExample(
    "Pin a block where it is",
    request_only=True,
    value={
        "decision": ".eJxVjkEOwi…",
        "id": "5f1d9c02",
        "at": "2026-03-02T09:01:00Z",
        "type": "pin",
        "block": "mail",
        "rank": 0,
    },
)
PROBLEM_EXAMPLE = OpenApiExample(
    "A block that is not on the page",
    response_only=True,
    media_type=CONTENT_TYPE,
    status_codes=["400"],
    value={
        "type": "/api/errors#block-not-on-page",
        "title": "The block is not on the page",
        "status": 400,
        "detail": "'mial' is not a block of the layout that the decision names.",
        "field": "events[0].block",
        "value": "mial",
        "errors": [
            {
                "field": "events[0].block",
                "value": "mial",
                "detail": "'mial' is not a block of the layout that the decision names.",
            }
        ],
        "next_step": "Send an id from `order`.",
    },
)
CORRECTION_EXAMPLE = OpenApiExample(
    "What was used of a block is struck out",
    request_only=True,
    value={"act": "strike", "about": "use", "block": "mail"},
)
KNOWN_EXAMPLE = OpenApiExample(
    "What a small page knows",
    response_only=True,
    status_codes=["200"],
    value={
        "surface": "home",
        "arranged": "adapted",
        "claims": [
            {
                "about": "use",
                "block": "news",
                "title": "News",
                "says": "You use News in most of your visits: in 8 of 10. The last time was March "
                "2, 2026.",
                "last_used": "2026-03-02",
                "uses": 8,
                "visits": 10,
            },
            {
                "about": "expected",
                "block": "news",
                "title": "News",
                "says": "The page expects that 61 % of what you use at your next visit is News, by "
                "what you and people like you use.",
                "last_used": None,
                "percent": 61,
            },
        ],
        "sure": {
            "visits": 10,
            "own_percent": 47,
            "says": "Visits of yours that count: 10, since Feb. 2, 2026. What is expected rests on "
            "them to 47 percent, and for the rest on what others use and on pages like this one.",
        },
        "struck": [
            {
                "about": "use",
                "block": "mail",
                "title": "Mail",
                "says": "What you use of Mail is not learned.",
            }
        ],
        "forgotten": [],
        "wishes": [],
        "visit": {"learns": True},
    },
)
