"""Defines pages of any number of blocks at five breakpoints, for speed measurements."""

from __future__ import annotations

from typing import Any

GRIDS = (("xs", 320, 2), ("sm", 600, 4), ("md", 900, 8), ("lg", 1200, 12), ("xl", 1800, 24))
KINDS = ("chart", "table", "news", "list", "map")


def dashboard_json(count: int) -> dict[str, Any]:
    """Returns a page definition with `count` blocks of three sizes and five kinds."""
    return {
        "slug": f"dashboard-{count}",
        "row_height": 60,
        "control_percent": 0,
        "breakpoints": [
            {"name": n, "min_width": w, "columns": c, "viewport_height": 800} for n, w, c in GRIDS
        ],
        "blocks": [
            {
                "id": f"b{i}",
                "kind": KINDS[i % len(KINDS)],
                "title": f"Block {i}",
                "sizes": {"*": {"default": [2 + 2 * (i % 3), 1 + i % 2]}},
            }
            for i in range(count)
        ],
    }
