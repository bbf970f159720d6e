"""Datadog: a dashboard with `widgets`, of layout type ordered or free.

Read of the API's v1 JSON: https://docs.datadoghq.com/api/latest/dashboards/. An ordered dashboard
has 12 columns, or no places at all, and then the order of the list is the page. Groups hold
widgets whose places count from the group's own corner.
"""

from __future__ import annotations

from typing import Any

from uiengine.dashboards.bands import cut, in_sequence
from uiengine.dashboards.document import Path
from uiengine.dashboards.kinds import kind_of
from uiengine.dashboards.names import without
from uiengine.dashboards.page import Box, Head, Item, Keys, Page, Space
from uiengine.dashboards.source import page_in
from uiengine.dashboards.values import box, first_line, mapping, sequence, text, whole
from uiengine.errors import DashboardError

WHAT = "Datadog dashboard"
COLUMNS, ROW_PX = 12, 90
FREE_PX = 10
"""Pixels of a cell of a free dashboard."""
NAMES = ("x", "y", "width", "height")
UNPLACED = Box(0, 0, 4, 2)
GRID = Keys(("layout", "x"), ("layout", "y"), ("layout", "width"), ("layout", "height"))
ROW = (
    '{"id": 1, "definition": {"type": "note"}, "layout": {"x": 0, "y": 0, "width": 4, "height": 2}}'
)


def is_page(node: Any) -> bool:
    widgets = mapping(node).get("widgets")
    named = "layout_type" in mapping(node) or "title" in mapping(node)
    return isinstance(widgets, list) and named and "type" not in mapping(node)


def marks(node: Any) -> bool:
    """Returns True where widgets keep their type in a definition."""
    listed = sequence(mapping(node).get("widgets"))
    return is_page(node) and any(
        "type" in mapping(mapping(widget).get("definition")) for widget in listed
    )


def read(document: Any) -> Page:
    """Raises DashboardError where there is no dashboard, or a free one that cannot be arranged."""
    path, node, notes = page_in(document, is_page, WHAT, "title and widgets")
    widgets = [mapping(widget) for widget in node["widgets"]]
    title = text(node.get("title"), "Dashboard")
    if node.get("layout_type") == "free":
        return _free(title, widgets, (*path, "widgets"), notes)
    told: list[str] = []
    space = _ordered(widgets, (*path, "widgets"), COLUMNS, told)
    return Page(title, (space,), ROW_PX, COLUMNS, notes + tuple(told))


def _ordered(widgets: list[dict[str, Any]], path: Path, columns: int, told: list[str]) -> Space:
    """Widgets of a page or a group; placed in a grid where each has a place, else by the list."""
    has_places = bool(widgets) and all(_is_placed(widget) for widget in widgets)
    parts = [
        _group(widget, (*path, i), told) if _held(widget) else _item(widget, (*path, i))
        for i, widget in enumerate(widgets)
    ]
    if has_places:
        bands = cut(parts, columns, _as_item)
        _tell(parts, bands, told)
        return Space(bands, columns, GRID)
    return Space(in_sequence(parts), columns)


def _tell(parts: list[Item | Head], bands: Any, told: list[str]) -> None:
    heads = {band.head.path for band in bands if band.head}
    told += [
        f"Group {part.title!r} is no full row: it is one block, with what it holds."
        for part in parts
        if isinstance(part, Head) and part.path not in heads
    ]


def _is_placed(widget: dict[str, Any]) -> bool:
    return all(name in mapping(widget.get("layout")) for name in NAMES)


def _held(widget: dict[str, Any]) -> bool:
    definition = mapping(widget.get("definition"))
    return definition.get("type") == "group" and bool(sequence(definition.get("widgets")))


def _group(widget: dict[str, Any], path: Path, told: list[str]) -> Head:
    definition = mapping(widget.get("definition"))
    place = box(widget.get("layout"), NAMES, UNPLACED)
    held = [mapping(inner) for inner in sequence(definition.get("widgets"))]
    columns = min(whole(place.w), COLUMNS) if _is_placed(widget) else COLUMNS
    widest = max((whole(_box(inner).x + _box(inner).w) for inner in held), default=1)
    inside = _ordered(held, (*path, "definition", "widgets"), max(columns, widest), told)
    keys = GRID if _is_placed(widget) else None
    return Head(text(definition.get("title"), "Group"), path, place, keys, (inside,), grows=True)


def _as_item(head: Head) -> Item:
    return Item("", "group", head.title, head.box, head.path, head.title)


def _box(widget: dict[str, Any]) -> Box:
    return box(widget.get("layout"), NAMES, UNPLACED)


def _item(widget: dict[str, Any], path: Path) -> Item:
    definition = mapping(widget.get("definition"))
    kind = text(definition.get("type"), "widget")
    shown = first_line(definition.get("content") or definition.get("text"))
    own = widget.get("id")
    return Item(
        id=f"widget-{own}" if isinstance(own, int | str) else "",
        kind=kind_of(kind),
        title=text(definition.get("title"), shown, kind),
        box=_box(widget),
        path=path,
        content=without(widget, "layout"),
    )


def _free(title: str, widgets: list[dict[str, Any]], path: Path, notes: tuple[str, ...]) -> Page:
    """A page of absolute places. It can be arranged where no widget lies over another."""
    items = [_item(widget, (*path, i)) for i, widget in enumerate(widgets)]
    _refuse_overlaps(title, items)
    columns = max((whole(item.box.x + item.box.w) for item in items), default=1)
    bands = cut(items, columns, _as_item)
    told = ("The page is free: an adapted one is packed from the top left, without its gaps.",)
    space = Space(bands, columns, GRID, compacts=False)
    return Page(title, (space,), FREE_PX, columns, notes + told)


def _refuse_overlaps(title: str, items: list[Item]) -> None:
    for i, item in enumerate(items):
        for other in items[:i]:
            if item.box.overlaps(other.box):
                raise DashboardError(
                    "file",
                    title,
                    f"is a free page on which {item.title!r} lies over {other.title!r}, so that "
                    "no order of widgets keeps its picture",
                    "Save it as an ordered dashboard, or move the two apart.",
                )
