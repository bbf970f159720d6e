"""Grafana: dashboard JSON with `panels` and `gridPos`, older `rows` with spans, and schema v2.

Read of Grafana 4 to 13: https://grafana.com/docs/grafana/latest/visualizations/dashboards/
build-dashboards/view-dashboard-json-model/. A row's panels are those between it and the next row;
a collapsed row holds its panels, whose place counts from the first of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from uiengine.dashboards.bands import by_place, in_sequence, reading
from uiengine.dashboards.document import Path
from uiengine.dashboards.formats import grafana_v2
from uiengine.dashboards.kinds import kind_of
from uiengine.dashboards.names import without
from uiengine.dashboards.page import Band, Box, Head, Item, Keys, Page, Space
from uiengine.dashboards.source import page_in
from uiengine.dashboards.values import box, first_line, mapping, number, sequence, text, whole

WHAT = "Grafana dashboard"
COLUMNS, ROW_PX = 24, 38
OLD_COLUMNS = 12
"""Columns of a row's spans."""
OLD_ROW_PX = 250
UNPLACED = Box(0, 0, 6, 3)
"""Where Grafana puts a panel without `gridPos`."""
GRID = Keys(("gridPos", "x"), ("gridPos", "y"), ("gridPos", "w"), ("gridPos", "h"))
ROW = '{"id": 2, "type": "stat", "title": "Uptime", "gridPos": {"x": 0, "y": 0, "w": 6, "h": 4}}'


def is_page(node: Any) -> bool:
    if not isinstance(node, dict):
        return False
    lists = [node[key] for key in ("panels", "rows") if isinstance(node.get(key), list)]
    is_old = any(all(isinstance(part, dict) for part in listed) for listed in lists)
    is_row = node.get("type") == "row" or "gridPos" in node
    return (is_old and not is_row and "widgets" not in node) or grafana_v2.is_page(node)


def marks(node: Any) -> bool:
    """Returns True for panels with `gridPos`, rows that hold panels, or what names its schema."""
    if not is_page(node):
        return False
    rows = any(isinstance(mapping(row).get("panels"), list) for row in sequence(node.get("rows")))
    placed = any("gridPos" in mapping(panel) for panel in sequence(node.get("panels")))
    return rows or placed or "schemaVersion" in node or grafana_v2.is_page(node)


def read(document: Any) -> Page:
    """Raises DashboardError where there is no dashboard."""
    path, node, notes = page_in(document, is_page, WHAT, "panels, rows or elements")
    title = text(node.get("title"), "Dashboard")
    if grafana_v2.is_page(node):
        spaces, more = grafana_v2.spaces(node, path)
        return Page(title, spaces, ROW_PX, COLUMNS, notes + more)
    panels, rows = sequence(node.get("panels")), sequence(node.get("rows"))
    is_old = bool(rows) and (not panels or number(node.get("schemaVersion"), 0) < 16)
    told = tuple(_notes(rows if is_old else panels))
    space = (
        tuple(_old_rows(rows, (*path, "rows"))) if is_old else (_grid(panels, (*path, "panels")),)
    )
    return Page(title, space, ROW_PX, COLUMNS, notes + told)


def _grid(panels: list[Any], path: Path) -> Space:
    parts = [
        _row(panel, (*path, i)) if mapping(panel).get("type") == "row" else _item(panel, (*path, i))
        for i, panel in enumerate(panels)
        if isinstance(panel, dict)
    ]
    return Space(in_sequence(by_place(parts)), COLUMNS, GRID)


def _item(panel: dict[str, Any], path: Path) -> Item:
    kind = text(panel.get("type"))
    number_of = panel.get("id")
    options = mapping(panel.get("options"))
    title = text(
        panel.get("title"),
        mapping(panel.get("libraryPanel")).get("name"),
        first_line(options.get("content") or panel.get("content")),
    )
    return Item(
        id=f"panel-{number_of}" if isinstance(number_of, int | str) else "",
        kind=kind_of(kind) or "panel",
        title=title,
        box=_box(panel),
        path=path,
        content=without(panel, "gridPos"),
    )


def _box(panel: dict[str, Any]) -> Box:
    return box(panel.get("gridPos"), ("x", "y", "w", "h"), UNPLACED)


def _row(row: dict[str, Any], path: Path) -> Head:
    held = sequence(row.get("panels"))
    inner: tuple[Space, ...] = ()
    if held:
        items = reading(
            _item(panel, (*path, "panels", i))
            for i, panel in enumerate(held)
            if isinstance(panel, dict)
        )
        top = min((item.box.y for item in items), default=0)
        inner = (Space((Band(items),), COLUMNS, GRID, is_list=True, origin=top),)
    place = _box(row)._replace(x=0, w=COLUMNS, h=1)
    return Head(text(row.get("title"), "Row"), path, place, GRID, inner)


def _old_rows(rows: list[Any], path: Path) -> Iterator[Space]:
    """Rows of spans in twelfths of the width, filled in the order of the list."""
    for i, row in enumerate(rows):
        tall = whole(_px(mapping(row).get("height")) / ROW_PX)
        items = []
        for j, panel in enumerate(sequence(mapping(row).get("panels"))):
            if isinstance(panel, dict):
                span = number(panel.get("span"), OLD_COLUMNS) or OLD_COLUMNS
                wide = min(whole(span * COLUMNS / OLD_COLUMNS), COLUMNS)
                item = _item(panel, (*path, i, "panels", j))
                own = panel.get("height")
                high = whole(_px(own) / ROW_PX) if own else tall
                items.append(_with_box(item, Box(0, 0, wide, high)))
        title = text(mapping(row).get("title"), f"Row {i + 1}")
        yield Space((Band(tuple(items)),), COLUMNS, title=title)


def _with_box(item: Item, place: Box) -> Item:
    return Item(item.id, item.kind, item.title, place, item.path, item.content)


def _px(height: Any) -> float:
    return number(height.removesuffix("px") if isinstance(height, str) else height, OLD_ROW_PX)


def _notes(panels: list[Any]) -> Iterator[str]:
    for panel in panels:
        if not isinstance(panel, dict):
            continue
        name = text(panel.get("title"), panel.get("type"), "a panel")
        held = sequence(panel.get("panels"))
        is_row = panel.get("type") == "row" or bool(held)
        if panel.get("repeat"):
            of = text(panel["repeat"])
            yield (
                f"Row {name!r} repeats for ${of}: its panels are arranged once for all copies."
                if is_row
                else f"Panel {name!r} repeats for ${of}: it is one block, its copies follow it."
            )
        if panel.get("collapsed") or panel.get("collapse"):
            yield f"Row {name!r} is collapsed: its panels are arranged within it."
        if not is_row and "gridPos" not in panel and "span" not in panel:
            yield f"Panel {name!r} has no place: it is taken where Grafana puts it, at the top."
        yield from _notes(held)
