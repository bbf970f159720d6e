"""Grafana's schema v2: `elements` by name, and a `layout` that is a tree of layouts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from uiengine.dashboards.bands import by_place, in_sequence
from uiengine.dashboards.document import Path
from uiengine.dashboards.kinds import kind_of
from uiengine.dashboards.page import Band, Box, Head, Item, Keys, Space
from uiengine.dashboards.values import box, first_line, mapping, number, sequence, text, whole
from uiengine.errors import DashboardError

COLUMNS = 24
NAMES = ("x", "y", "width", "height")
UNPLACED = Box(0, 0, 6, 3)
GRID = Keys(("spec", "x"), ("spec", "y"), ("spec", "width"), ("spec", "height"))
AUTO_COLUMNS = 3
"""Grafana's default columns of an automatic grid."""
AUTO_PX = {"short": 168, "standard": 320, "tall": 512}
"""Heights of an automatic grid's rows by their mode; a custom one has `rowHeight` in px."""
ROW_PX = 38


def is_page(node: Any) -> bool:
    kept = isinstance(node, dict) and isinstance(node.get("elements"), dict)
    return kept and isinstance(node.get("layout"), dict) and "kind" in node["layout"]


def spaces(node: dict[str, Any], path: Path) -> tuple[tuple[Space, ...], tuple[str, ...]]:
    """The spaces of a dashboard, and notes.

    Raises DashboardError where there are panels, and the layout places none of them.
    """
    elements = mapping(node.get("elements"))
    reading = _Reading(elements)
    found = tuple(reading.layout(node["layout"], (*path, "layout"), ""))
    left = [name for name in elements if name not in reading.placed]
    if left and len(left) == len(elements):
        raise DashboardError(
            "layout",
            text(node.get("title"), "Dashboard"),
            f"places none of its {len(left)} panels, as exports of Grafana 12.2 with rows do",
            "Export it as a V1 resource, or from a later Grafana.",
        )
    unplaced = (f"Panel {name!r} stands nowhere in the layout: it stays out." for name in left)
    return found, (*reading.notes, *unplaced)


class _Reading:
    """Walks the layout. placed: the elements met; notes: what is said on the way."""

    def __init__(self, elements: dict[str, Any]) -> None:
        self.elements = elements
        self.placed: set[str] = set()
        self.notes: list[str] = []

    def layout(self, node: Any, path: Path, title: str) -> Iterator[Space]:
        kind, spec = mapping(node).get("kind"), mapping(mapping(node).get("spec"))
        here = (*path, "spec")
        if kind == "GridLayout":
            yield self._grid(sequence(spec.get("items")), (*here, "items"), title)
        elif kind in ("AutoGridLayout", "ResponsiveGridLayout"):
            yield self._auto(spec, (*here, "items"), title)
        elif kind in ("RowsLayout", "TabsLayout"):
            name = "rows" if kind == "RowsLayout" else "tabs"
            for i, part in enumerate(sequence(spec.get(name))):
                inner = mapping(mapping(part).get("spec"))
                own = text(inner.get("title"), f"{name[:-1].title()} {i + 1}")
                self._say(name[:-1].title(), own, inner)
                below = (*here, name, i, "spec", "layout")
                whole_title = f"{title} / {own}" if title else own
                yield from self.layout(inner.get("layout"), below, whole_title)
        else:
            self.notes.append(f"{title or 'The page'}: its layout {kind!r} stays as it stands.")

    def _grid(self, items: list[Any], path: Path, title: str) -> Space:
        parts: list[Item | Head] = []
        for i, node in enumerate(items):
            spec, here = mapping(mapping(node).get("spec")), (*path, i)
            if mapping(node).get("kind") == "GridLayoutRow":
                parts.append(self._row(spec, here))
            elif isinstance(node, dict):
                parts.append(self._item(spec, here, box(spec, NAMES, UNPLACED)))
        return Space(in_sequence(by_place(parts)), COLUMNS, GRID, title=title)

    def _row(self, spec: dict[str, Any], path: Path) -> Head:
        """A row within a grid, as early v2 had it; its elements count from its own top."""
        name = text(spec.get("title"), "Row")
        self._say("Row", name, spec)
        held = [
            self._item(mapping(mapping(node).get("spec")), (*path, "spec", "elements", i), None)
            for i, node in enumerate(sequence(spec.get("elements")))
        ]
        bands = in_sequence(by_place(held))
        place = Box(0, number(spec.get("y"), 0), COLUMNS, 1)
        return Head(
            name, path, place, Keys(None, ("spec", "y"), None, None), (Space(bands, COLUMNS, GRID),)
        )

    def _auto(self, spec: dict[str, Any], path: Path, title: str) -> Space:
        most = max(1, min(whole(number(spec.get("maxColumnCount"), AUTO_COLUMNS)), COLUMNS))
        px = AUTO_PX.get(text(spec.get("rowHeightMode")), AUTO_PX["standard"])
        tall = max(1, round(number(spec.get("rowHeight"), px) / ROW_PX))
        place = Box(0, 0, COLUMNS // most, tall)
        items = tuple(
            self._item(mapping(mapping(node).get("spec")), (*path, i), place)
            for i, node in enumerate(sequence(spec.get("items")))
        )
        return Space((Band(items),), COLUMNS, title=title)

    def _item(self, spec: dict[str, Any], path: Path, place: Box | None) -> Item:
        reference = mapping(spec.get("element"))
        # Files for drafts of v2 name the element below `spec`.
        name = text(reference.get("name"), mapping(reference.get("spec")).get("uid"))
        self.placed.add(name)
        element = mapping(self.elements.get(name))
        shown = mapping(element.get("spec"))
        viz = mapping(shown.get("vizConfig"))
        kind = viz.get("group") if viz.get("kind") == "VizConfig" else viz.get("kind")
        options = mapping(mapping(viz.get("spec")).get("options"))
        title = text(shown.get("title"), first_line(options.get("content")), name)
        if spec.get("repeat"):
            of = text(mapping(spec["repeat"]).get("value"))
            self.notes.append(
                f"Panel {title!r} repeats for ${of}: it is one block, its copies follow it."
            )
        if _is_conditional(spec):
            self.notes.append(f"Panel {title!r} is shown on a condition: it keeps its place then.")
        if element.get("kind") == "LibraryPanel":
            kind = "library-panel"
        return Item(
            id=name,
            kind=kind_of(text(kind)) or "panel",
            title=title,
            box=place or box(spec, NAMES, UNPLACED),
            path=path,
            content=reference,
        )

    def _say(self, what: str, title: str, spec: dict[str, Any]) -> None:
        if spec.get("repeat"):
            of = text(mapping(spec["repeat"]).get("value"))
            self.notes.append(
                f"{what} {title!r} repeats for ${of}: its panels are arranged once for all copies."
            )
        if _is_conditional(spec):
            self.notes.append(
                f"{what} {title!r} is shown on a condition: its panels are arranged within it."
            )
        if spec.get("collapse") or spec.get("collapsed"):
            self.notes.append(f"{what} {title!r} is collapsed: its panels are arranged within it.")


def _is_conditional(spec: dict[str, Any]) -> bool:
    condition = mapping(mapping(spec.get("conditionalRendering")).get("spec"))
    return bool(condition.get("items"))
