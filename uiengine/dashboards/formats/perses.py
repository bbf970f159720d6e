"""Perses: `spec.panels` by name, and `spec.layouts`, grids of 24 columns that refer to them.

Read of Perses 0.50 to 0.53: https://perses.dev/perses/docs/api/dashboard/. Each layout is a group
of its own, whose places count from its top.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from uiengine.dashboards.bands import by_place, in_sequence
from uiengine.dashboards.document import Path
from uiengine.dashboards.kinds import kind_of
from uiengine.dashboards.names import without
from uiengine.dashboards.page import Box, Item, Keys, Page, Space
from uiengine.dashboards.source import page_in
from uiengine.dashboards.values import box, first_line, mapping, sequence, text

WHAT = "Perses dashboard"
COLUMNS, ROW_PX = 24, 38
NAMES = ("x", "y", "width", "height")
UNPLACED = Box(0, 0, 12, 6)
GRID = Keys(("x",), ("y",), ("width",), ("height",))
ROW = '{x: 0, y: 0, width: 12, height: 6, content: {$ref: "#/spec/panels/cpu"}}'


def is_page(node: Any) -> bool:
    """Returns True for a resource, so that its metadata can name the page, or for its spec."""
    inner = mapping(mapping(node).get("spec"))
    return any(isinstance(spec.get("layouts"), list) for spec in (inner, mapping(node)))


def marks(node: Any) -> bool:
    """Returns True where layouts name their kind, and panels are told by their names."""
    inner = mapping(mapping(node).get("spec"))
    return any(
        "kind" in mapping(layout) and "spec" in layout
        for spec in (inner, mapping(node))
        for layout in sequence(spec.get("layouts"))
    )


def read(document: Any) -> Page:
    """Raises DashboardError where there is no dashboard."""
    path, node, notes = page_in(document, is_page, WHAT, "spec.layouts")
    is_whole = isinstance(mapping(node.get("spec")).get("layouts"), list)
    spec: dict[str, Any] = node["spec"] if is_whole else node
    base: Path = (*path, "spec", "layouts") if is_whole else (*path, "layouts")
    title = text(
        mapping(spec.get("display")).get("name"), mapping(node.get("metadata")).get("name"), "Page"
    )
    told: list[str] = []
    spaces = tuple(_spaces(spec, base, told))
    return Page(title, spaces, ROW_PX, COLUMNS, notes + tuple(told))


def _spaces(spec: dict[str, Any], path: Path, told: list[str]) -> Iterator[Space]:
    panels = mapping(spec.get("panels"))
    for i, layout in enumerate(spec["layouts"]):
        inner = mapping(mapping(layout).get("spec"))
        display = mapping(inner.get("display"))
        name = text(display.get("title"))
        if not isinstance(inner.get("items"), list):
            if mapping(layout).get("kind", "Grid") != "Grid":
                told.append(f"{name or f'Layout {i + 1}'}: its kind stays as it stands.")
            continue
        if inner.get("repeatVariable"):
            of = text(inner["repeatVariable"])
            told.append(
                f"Group {name!r} repeats for ${of}: its panels are arranged once for all copies."
            )
        if mapping(display.get("collapse")).get("open") is False:
            told.append(f"Group {name!r} is collapsed: its panels are arranged within it.")
        items = [
            _item(mapping(item), panels, (*path, i, "spec", "items", j))
            for j, item in enumerate(sequence(inner["items"]))
        ]
        yield Space(in_sequence(by_place(items)), COLUMNS, GRID, title=name)


def _item(item: dict[str, Any], panels: dict[str, Any], path: Path) -> Item:
    name = text(mapping(item.get("content")).get("$ref")).rsplit("/", 1)[-1]
    spec = mapping(mapping(panels.get(name)).get("spec"))
    plugin = mapping(spec.get("plugin"))
    shown = first_line(mapping(plugin.get("spec")).get("text"))
    return Item(
        id=name,
        kind=kind_of(text(plugin.get("kind")).rsplit("/", 1)[-1]) or "panel",
        title=text(mapping(spec.get("display")).get("name"), shown, name),
        box=box(item, NAMES, UNPLACED),
        path=path,
        content=without(item, *NAMES),
    )
