"""The book as its public JSON, which pages, caches and browsers read.

    {"surface": "home", "version": "1a2b3c", "revision": 3, "day": 20786,
     "blocks": ["news", "mail"],
     "at": {"wide": {"columns": 12, "sizes": [[6, 2], [6, 2]], "cells": [[0, 0, 6, 0], …]}},
     "orders": [[0, 1], …], "demand": [[62, 38], …], "why": [[["popular", 1, 40, 25]], …]}

Entries are named by their place, the byte. `orders` are positions in `blocks`; `cells` are x and y
of each block, in the order of `blocks`; where blocks widen over gaps, `widths` has their columns
per entry, instead of those in `sizes`. `demand` is in percent. `page` and `device` hold what a
browser needs to choose its byte by itself: sizes in px, rules and seconds of the page, and the net
by which it reads its person (`uiengine.model.student.Net`; `blocks` is what the page's day adds).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from uiengine.book.book import Book
from uiengine.book.choice import LEAST_SAVING
from uiengine.book.device import LEAST_USES
from uiengine.cost.coefficients import VALUES
from uiengine.model.student import Net
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface

DEFAULT = 1
"""The size class that a book shows."""


def book_json(book: Book) -> bytes:
    """The book's bytes: equal for equal books."""
    surface = book.surface
    layouts = [book.layout(byte) for byte in range(len(book.orders))]
    at: dict[str, Any] = {}
    for point in surface.breakpoints:
        placed = [{p.id: p for p in layout.placements[point.name]} for layout in layouts]
        known = surface.sizes[point.name]
        sizes = [[known[b.id][DEFAULT].w, known[b.id][DEFAULT].h] for b in surface.blocks]
        cells = [[n for b in surface.blocks for n in (p[b.id].x, p[b.id].y)] for p in placed]
        at[point.name] = {"columns": point.columns, "sizes": sizes, "cells": cells}
        if surface.guardrails.stretch:
            at[point.name]["widths"] = [[p[b.id].w for b in surface.blocks] for p in placed]
    found = {
        "surface": surface.slug,
        "version": book.version,
        "revision": surface.revision,
        "day": book.day,
        "blocks": [block.id for block in surface.blocks],
        "at": at,
        "orders": book.orders.tolist(),
        "demand": (100 * book.demand).round().astype(int).tolist(),
        "why": [_why(book, byte) for byte in range(len(layouts))],
        "page": _page(surface),
        "device": _device(book.net),
    }
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def _page(surface: Surface) -> dict[str, Any]:
    widest = surface.widest
    return {
        "widest": widest.name,
        "width": widest.width,
        "viewport": widest.viewport_height,
        "row": surface.row_height,
        "groups": list(surface.group_ranks),
        "grouped": surface.is_grouped,
        "pinned": [surface.index[block_id] for block_id in surface.pinned_ranks],
        "budget": surface.guardrails.move_budget,
        "least_saving": LEAST_SAVING,
        "seconds": VALUES,
        **_kept(surface),
    }


def _kept(surface: Surface) -> dict[str, list[list[int]]]:
    """Per mark the blocks that keep their order, as positions in it; nothing without marks."""
    place = surface.index
    kept = [[place[b] for b in default_order(surface) if b in ids] for ids in surface.kept_orders]
    return {"kept": kept} if kept else {}


def _device(net: Net | None) -> dict[str, Any]:
    """Nothing without a net: browsers then leave everybody's order as it is."""
    if net is None:
        return {}
    rows = zip(*(added.tolist() for added in net.added), strict=True)
    return {
        "least_uses": LEAST_USES,
        "layers": [weights.tolist() for weights in net.layers],
        "blocks": [list(row) for row in rows],
    }


def _why(book: Book, byte: int) -> list[list[str | int]]:
    """Per reason its code, the block's position, and percent and people of its claim."""
    place = book.surface.index
    return [
        [r.code, place[r.block], int(r.values["percent"]), int(r.values["people"])]
        for r in book.reasons(byte)
    ]


def book_hash(content: bytes) -> str:
    """The name of a book in its address."""
    return hashlib.sha256(content).hexdigest()[:16]
