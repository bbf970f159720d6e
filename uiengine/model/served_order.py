"""Orders that people were served: what the book of a page that was learned from is chosen from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

FILE = "served.json"
"""Name in the version folder."""


class ServedOrder(NamedTuple):
    """An order, the commonest tokens of those it was shown to, and at how many visits."""

    order: tuple[str, ...]
    tokens: tuple[int, ...]
    visits: int


def to_json(served: Mapping[str, Sequence[ServedOrder]]) -> bytes:
    """Writes the served orders per surface; each block is named once."""
    found: dict[str, Any] = {}
    for slug, rows in sorted(served.items()):
        blocks = sorted({block_id for row in rows for block_id in row.order})
        place = {block_id: i for i, block_id in enumerate(blocks)}
        lines = [[[place[b] for b in row.order], list(row.tokens), row.visits] for row in rows]
        found[slug] = {"blocks": blocks, "served": lines}
    return (json.dumps(found, ensure_ascii=False) + "\n").encode()


def from_json(content: bytes) -> dict[str, tuple[ServedOrder, ...]]:
    """Reads what `to_json` wrote. Raises KeyError, TypeError, IndexError or ValueError."""
    return {
        slug: tuple(
            ServedOrder(tuple(page["blocks"][i] for i in order), tuple(tokens), int(visits))
            for order, tokens, visits in page["served"]
        )
        for slug, page in json.loads(content).items()
    }
