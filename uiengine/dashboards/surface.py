"""A page as the JSON of a surface: blocks in their order as it stands, groups, breakpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from uiengine.dashboards.names import group_names, identifier
from uiengine.dashboards.page import Item, Page, Section, sections
from uiengine.dashboards.values import LONGEST, whole
from uiengine.errors import DashboardError
from uiengine.page import surface_json
from uiengine.page.layout import pack
from uiengine.page.reading_order import default_order
from uiengine.page.surface_json import MAX_BLOCKS, MAX_COLUMNS, MAX_ROWS

NARROW = {"name": "phone", "min_width": 0, "columns": 1}
"""Tools that have no breakpoints of their own show one column where a window is narrow."""
WIDE_NAME, WIDE = "desktop", 768
"""Page width in px from which the tool's grid applies."""


def surface_json_of(page: Page, slug: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The surface, and the notes on what was carried in another form or left as it stands.

    Raises DashboardError where nothing can be arranged.
    """
    listed, notes = _within_limits(list(sections(page.spaces)), page.notes)
    if not listed:
        raise DashboardError(
            "file", page.title, "holds no panel that can be arranged", _said(notes)
        )
    names = group_names([section.names for section in listed])
    columns = min(page.columns, MAX_COLUMNS)
    blocks = [
        _block(item, section, page, columns, name if len(listed) > 1 else "")
        for section, name in zip(listed, names, strict=True)
        for item in section.band.items
    ]
    surface = {
        "slug": identifier(slug) or "page",
        "title": page.title[:LONGEST],
        "row_height": page.row_height,
        "groups": names if len(listed) > 1 else [],
        "breakpoints": _breakpoints(page, columns),
        "blocks": blocks,
    }
    fixed = [item.id for section in listed for item in section.band.items if item.is_fixed]
    return _with_pins(surface, fixed), notes


def _said(notes: Sequence[str]) -> str:
    return " ".join(notes) or "Name a file with at least one panel."


def _within_limits(
    listed: list[Section], notes: tuple[str, ...]
) -> tuple[list[Section], tuple[str, ...]]:
    """As many sections from the top as a surface may have blocks; the others stay as they are."""
    kept: list[Section] = []
    left: list[Section] = []
    count = 0
    for section in listed:
        size = len(section.band.items)
        if count + size > MAX_BLOCKS or left:
            left.append(section)
        else:
            kept.append(section)
            count += size
    stay = tuple(
        f"{' / '.join(section.names) or 'The page'}: its {len(section.band.items)} panels stay as "
        f"they stand, because a surface has at most {MAX_BLOCKS} blocks."
        for section in left
    )
    return kept, notes + stay


def _breakpoints(page: Page, columns: int) -> list[dict[str, Any]]:
    if page.grids:
        return [
            {"name": grid.name, "min_width": grid.min_width, "columns": grid.columns}
            for grid in sorted(page.grids, key=lambda grid: grid.min_width)
        ]
    return [dict(NARROW), {"name": WIDE_NAME, "min_width": WIDE, "columns": columns}]


def _block(item: Item, section: Section, page: Page, columns: int, group: str) -> dict[str, Any]:
    sizes: dict[str, Any] = {}
    for grid in page.grids:
        own = [other for other in grid.space.items() if other.id == item.id]
        if own:
            sizes[grid.name] = _limits(own[0], grid.columns, grid.columns)
    sizes["*"] = _limits(item, section.space.columns, columns)
    return {
        "id": item.id,
        "kind": item.kind or item.id,
        "title": item.title or item.kind or item.id,
        "group": group,
        "sizes": sizes,
    }


def _limits(item: Item, of: int, columns: int) -> dict[str, Any]:
    """Sizes in the surface's grid of so many columns, from the tool's of `of`."""
    scale = columns / of
    w = min(max(1, round(item.box.w * scale)), columns)
    h = min(whole(item.box.h), MAX_ROWS)
    found: dict[str, Any] = {"default": [w, h]}
    if item.low:
        found["min"] = [min(max(1, item.low[0]), w), min(max(1, item.low[1]), h)]
    if item.high:
        high = [min(max(item.high[0], w), columns), min(max(item.high[1], h), MAX_ROWS)]
        if high != [w, h] or item.low:
            found["max"] = high
    return found


def _with_pins(surface: dict[str, Any], fixed: Sequence[str]) -> dict[str, Any]:
    """The surface with fixed blocks pinned to the cells that its default layout gives them."""
    if not fixed:
        return surface
    parsed = surface_json.parse(surface)
    layout = pack(parsed, default_order(parsed))
    cells: dict[str, dict[str, list[int]]] = {name: {} for name in fixed}
    for name, placed in layout.placements.items():
        for p in placed:
            if p.id in cells and p.y <= MAX_ROWS:
                cells[p.id][name] = [p.x, p.y]
    everywhere = len(layout.placements)
    for block in surface["blocks"]:
        own = cells.get(block["id"], {})
        if len(own) == everywhere:
            block["pinned"] = own
    return surface
