"""The book as its public JSON, which pages, caches and browsers read.

    {"surface": "home", "version": "1a2b3c", "revision": 3, "day": 20786,
     "blocks": ["news", "mail"],
     "at": {"wide": {"columns": 12, "sizes": [[6, 2], [6, 2]], "cells": [[0, 0, 6, 0], …]}},
     "orders": [[0, 1], …], "demand": [[62, 38], …], "why": [[["popular", 1, 40, 25]], …]}

Entries are named by their place, the byte. `orders` are positions in `blocks`; `cells` are x and y
of each block, in the order of `blocks`; `demand` is in percent.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from uiengine.book.book import Book


def book_json(book: Book) -> bytes:
    """The book's bytes: equal for equal books."""
    surface = book.surface
    layouts = [book.layout(byte) for byte in range(len(book.orders))]
    at: dict[str, Any] = {}
    for point in surface.breakpoints:
        placed = [{p.id: p for p in layout.placements[point.name]} for layout in layouts]
        sizes = [[placed[0][b.id].w, placed[0][b.id].h] for b in surface.blocks]
        cells = [[n for b in surface.blocks for n in (p[b.id].x, p[b.id].y)] for p in placed]
        at[point.name] = {"columns": point.columns, "sizes": sizes, "cells": cells}
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
    }
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


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
