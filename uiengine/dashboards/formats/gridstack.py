"""gridstack: what `grid.save()` gives, a list of widgets or the grid's options with `children`.

Read of gridstack 14.1: https://gridstackjs.com/doc/html/. A nested grid that has nothing beside it
is a group; else it moves as one block. Locked widgets, and those that may not move, stay.
"""

from __future__ import annotations

from typing import Any

from uiengine.dashboards.bands import cut
from uiengine.dashboards.document import Path
from uiengine.dashboards.kinds import kind_of
from uiengine.dashboards.names import without
from uiengine.dashboards.page import Box, Head, Item, Keys, Page, Space
from uiengine.dashboards.source import page_in
from uiengine.dashboards.values import box, first_line, mapping, number, sequence, text, whole

WHAT = "gridstack page"
COLUMNS, ROW_PX = 12, 80
NAMES = ("x", "y", "w", "h")
GRID = Keys(("x",), ("y",), ("w",), ("h",))
UNPLACED = Box(0, 0, 1, 1)
MOST_COLUMNS = 120
ROW = '{"id": "mail", "x": 0, "y": 0, "w": 4, "h": 2, "content": "Mail"}'


def is_page(node: Any) -> bool:
    """Returns True for widgets, also for those that say their content alone."""
    widgets = node if isinstance(node, list) else mapping(node).get("children")
    listed = sequence(widgets)
    return bool(listed) and all(
        isinstance(w, dict)
        and bool({*NAMES, "id", "subGridOpts"} & w.keys() or ("content" in w and "type" not in w))
        for w in listed
    )


def marks(node: Any) -> bool:
    """Returns True for placed widgets that react-grid-layout would not name."""
    widgets = node if isinstance(node, list) else mapping(node).get("children")
    return is_page(node) and all(
        bool({*NAMES, "subGridOpts"} & w.keys()) and ("i" not in w or "id" in w)
        for w in sequence(widgets)
    )


def read(document: Any) -> Page:
    """Raises DashboardError where there is no grid."""
    path, found, notes = page_in(document, is_page, WHAT, "children, a list of widgets")
    node: Any = found
    options = mapping(node)
    widgets = node if isinstance(node, list) else options["children"]
    below: Path = path if isinstance(node, list) else (*path, "children")
    told: list[str] = []
    space = _space(widgets, below, options, told)
    height = number(options.get("cellHeight"), ROW_PX)
    row_px = whole(min(max(height, 1), 2000)) if height > 0 else ROW_PX  # 0: the page's own styles
    return Page("Page", (space,), row_px, space.columns, notes + tuple(told))


def _space(
    widgets: list[Any], path: Path, options: dict[str, Any], told: list[str], wide: int = COLUMNS
) -> Space:
    parts = [
        _nested(widget, (*path, i), told) if _holds(widget) else _item(widget, (*path, i), told)
        for i, widget in enumerate(map(mapping, widgets))
    ]
    widest = max((whole(part.box.x + part.box.w) for part in parts), default=1)
    declared = number(options.get("column"), max(wide, widest))
    columns = min(max(whole(declared), 1), MOST_COLUMNS)
    bands = cut(parts, columns, _as_item)
    heads = {band.head.path for band in bands if band.head}
    told += [
        f"The nested grid {part.title!r} is no full row: it is one block."
        for part in parts
        if isinstance(part, Head) and part.path not in heads
    ]
    return Space(bands, columns, GRID, compacts=not options.get("float"))


def _holds(widget: dict[str, Any]) -> bool:
    return bool(sequence(mapping(widget.get("subGridOpts")).get("children")))


def _nested(widget: dict[str, Any], path: Path, told: list[str]) -> Head:
    options = mapping(widget.get("subGridOpts"))
    place = box(widget, NAMES, UNPLACED)
    inner = _space(
        options["children"], (*path, "subGridOpts", "children"), options, told, whole(place.w)
    )
    title = text(widget.get("title"), widget.get("id"), "Nested grid")
    return Head(title, path, place, GRID, (inner,), grows=True)


def _as_item(head: Head) -> Item:
    return Item(head.title, "group", head.title, head.box, head.path, head.title)


def _item(widget: dict[str, Any], path: Path, told: list[str]) -> Item:
    name = text(widget.get("id"))
    title = text(widget.get("title"), first_line(widget.get("content")), name)
    kind = text(widget.get("type"), widget.get("kind"), widget.get("component"), name, "widget")
    if "x" not in widget or "y" not in widget:
        told.append(f"Widget {title!r} has no place: it is taken as standing at the top left.")
    return Item(
        id=name,
        kind=kind_of(kind),
        title=title or kind,
        box=box(widget, NAMES, UNPLACED),
        path=path,
        content=without(widget, *NAMES),
        low=_pair(widget, "minW", "minH", 1),
        high=_pair(widget, "maxW", "maxH", 1000),
        is_fixed=bool(widget.get("locked") or widget.get("noMove")),
    )


def _pair(widget: dict[str, Any], wide: str, tall: str, otherwise: int) -> tuple[int, int] | None:
    if not widget.get(wide) and not widget.get(tall):
        return None
    w, h = number(widget.get(wide), 0), number(widget.get(tall), 0)
    return whole(w or otherwise), whole(h or otherwise)
