"""react-grid-layout: a list of items, or `layouts` of such lists by breakpoint.

Read of react-grid-layout 2.3: https://github.com/react-grid-layout/react-grid-layout. Widths and
columns of breakpoints are the library's own where the file does not say. Static items stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uiengine.dashboards.bands import reading
from uiengine.dashboards.document import Path
from uiengine.dashboards.kinds import kind_of
from uiengine.dashboards.names import identifier, without
from uiengine.dashboards.page import Band, Box, Grid, Item, Keys, Page, Space
from uiengine.dashboards.source import page_in
from uiengine.dashboards.values import box, mapping, number, sequence, text, whole
from uiengine.page.surface_json import MAX_BREAKPOINTS

WHAT = "react-grid-layout page"
ROW_PX = 160
"""Rows of 150 px and their gap of 10."""
WIDTHS = {"lg": 1200, "md": 996, "sm": 768, "xs": 480, "xxs": 0}
COLUMNS = {"lg": 12, "md": 10, "sm": 6, "xs": 4, "xxs": 2}
NAMES = ("x", "y", "w", "h")
GRID = Keys(("x",), ("y",), ("w",), ("h",))
MOST_COLUMNS = 120
ROW = '{"i": "mail", "x": 0, "y": 0, "w": 4, "h": 2, "minW": 2}'


def is_page(node: Any) -> bool:
    """Returns True for a list of items, for lists by breakpoint, or for an object that has one."""
    return bool(_lists(node))


def read(document: Any) -> Page:
    """Raises DashboardError where there is no layout."""
    path, found, notes = page_in(document, is_page, WHAT, "items with i, x, y, w, h")
    node: Any = found
    options, lists = mapping(node), _lists(node)
    grids = [
        _grid(name, listed, (*path, *below), options) for name, (below, listed) in lists.items()
    ]
    grids.sort(key=lambda grid: -grid.min_width)
    widest, narrow = grids[0], grids[MAX_BREAKPOINTS:]
    told = [
        f"{grid.name}: it stays as it stands, past {MAX_BREAKPOINTS} breakpoints."
        for grid in narrow
    ]
    del grids[MAX_BREAKPOINTS:]
    row_px = whole(min(max(number(options.get("rowHeight"), ROW_PX - 10) + 10, 1), 2000))
    return Page(
        text(options.get("title"), "Page"),
        (widest.space,),
        row_px,
        widest.columns,
        notes + tuple(_missing(grids)) + tuple(told),
        grids=tuple(grids) if len(grids) > 1 or "" not in lists else (),
    )


def _lists(node: Any) -> dict[str, tuple[Path, list[Any]]]:
    """The lists of items by breakpoint, each with its path; "" where there are no breakpoints."""
    if _is_items(node):
        return {"": ((), node)}
    inner = mapping(node)
    for key in ("layouts", "layout"):
        if _is_items(inner.get(key)):
            return {"": ((key,), inner[key])}
        by_name = _by_breakpoint(inner.get(key))
        if by_name:
            return {name: ((key, name), listed) for name, listed in by_name.items()}
    return {name: ((name,), listed) for name, listed in _by_breakpoint(node).items()}


def _by_breakpoint(node: Any) -> dict[str, list[Any]]:
    inner = mapping(node)
    is_all = bool(inner) and all(_is_items(value) or value == [] for value in inner.values())
    return {name: value for name, value in inner.items() if value} if is_all else {}


def _is_items(node: Any) -> bool:
    return bool(sequence(node)) and all(
        isinstance(item, dict) and "i" in item and bool({*NAMES} & item.keys()) for item in node
    )


def _grid(name: str, listed: list[Any], path: Path, options: Mapping[str, Any]) -> Grid:
    items = [_item(mapping(item), (*path, i)) for i, item in enumerate(listed)]
    widest = max((whole(item.box.x + item.box.w) for item in items), default=1)
    declared: Any = options.get("cols")
    if isinstance(declared, dict):
        declared = declared.get(name)
    columns = whole(number(declared, max(COLUMNS.get(name, 12), widest)))
    widths = mapping(options.get("breakpoints"))
    width = int(min(max(number(widths.get(name), WIDTHS.get(name, 768)), 0), 10_000))
    columns = min(columns, MOST_COLUMNS)
    compacts = options.get("compactType", "vertical") is not None
    space = Space((Band(reading(items)),), columns, GRID, compacts=compacts)
    return Grid(identifier(name) or "desktop", width, columns, space)


def _item(item: dict[str, Any], path: Path) -> Item:
    name = text(item.get("i"))
    high = [number(item.get(key), 0) for key in ("maxW", "maxH")]
    low = [number(item.get(key), 0) for key in ("minW", "minH")]
    return Item(
        id=name,
        kind=kind_of(name),
        title=name,
        box=box(item, NAMES, Box(0, 0, 1, 1)),
        path=path,
        content=without(item, *NAMES),
        low=(whole(low[0] or 1), whole(low[1] or 1)) if any(low) else None,
        high=(whole(high[0] or 1000), whole(high[1] or 1000)) if any(high) else None,
        is_fixed=bool(item.get("static")),
    )


def _missing(grids: list[Grid]) -> list[str]:
    widest, *others = grids
    known = {item.id for item in widest.space.items()}
    return [
        f"{item.title!r} stands at {grid.name}, not at {widest.name}: it follows the others there."
        for grid in others
        for item in grid.space.items()
        if item.id not in known
    ]
