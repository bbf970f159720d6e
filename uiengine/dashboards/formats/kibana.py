"""Kibana: the saved object of a dashboard, its panels in the string `panelsJSON`.

Read of Kibana 4 to 9: https://www.elastic.co/guide/en/kibana/current/saved-objects-api.html. Grids
have 48 columns since 6.3 and 12 before; up to 5 cells count from 1. Sections (since 9.1) stand
among the panels, and what they hold counts from their own top.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from uiengine.dashboards.bands import by_place, in_sequence
from uiengine.dashboards.document import Inside, Path, at, found, parsed
from uiengine.dashboards.kinds import kind_of
from uiengine.dashboards.names import without
from uiengine.dashboards.page import Box, Head, Item, Keys, Page, Space
from uiengine.dashboards.source import page_in
from uiengine.dashboards.values import box, first_line, mapping, number, sequence, text
from uiengine.errors import DashboardError

WHAT = "Kibana dashboard"
ROW_PX = 28
"""A row of 20 px and its gap of 8."""
UNPLACED = Box(0, 0, 24, 15)
"""The size of a new panel; one without a place is taken as standing at the top."""
OLD = Keys(("col",), ("row",), ("size_x",), ("size_y",), base=1)
PLACES = ("gridData", "grid", "gridConfig")
ROW = (
    '{"panelIndex": "1", "type": "lens", "gridData": {"x": 0, "y": 0, "w": 24, "h": 15, "i": "1"}}'
)


def is_page(node: Any) -> bool:
    """Returns True for a saved object, its attributes, or a dashboard of the newer API."""
    if not isinstance(node, dict):
        return False
    inner = mapping(node.get("attributes")) or mapping(node.get("_source"))
    if "panelsJSON" in inner or "panelsJSON" in node:
        return True
    held = [mapping(p) for source in (inner, node) for p in sequence(source.get("panels"))]
    return any(isinstance(panel.get(key), dict) for panel in held for key in PLACES)


def marks(node: Any) -> bool:
    """Returns True for a dashboard with whole places: older Grafana has a `grid` of its own."""
    if not is_page(node):
        return False
    inner = mapping(node.get("attributes")) or mapping(node.get("_source")) or node
    panels = [mapping(panel) for panel in sequence(inner.get("panels"))]
    places = [mapping(panel.get(key)) for panel in panels for key in PLACES]
    return "panelsJSON" in inner or any("w" in place and "h" in place for place in places)


def read(document: Any) -> Page:
    """Raises DashboardError where there is no dashboard, or its panels cannot be read."""
    _refuse_canvas(document)
    path, node, notes = page_in(document, is_page, WHAT, "panelsJSON or panels")
    inside = next((key for key in ("attributes", "_source") if key in node), None)
    kept = mapping(node[inside]) if inside else node
    base: Path = (*path, inside) if inside else path
    panels, here = _panels(kept, base)
    names = _Names(document, sequence(node.get("references")))
    parts, held = _parts(panels, here, names, _sections(kept, base))
    columns = _columns(panels, [part for part in parts if isinstance(part, Item)])
    keys = _keys(panels)
    bands = in_sequence(by_place([_closed(part, held, columns, keys) for part in parts]))
    title = text(kept.get("title"), "Dashboard")
    told = tuple(_notes(parts, columns))
    return Page(title, (Space(bands, columns, keys),), ROW_PX, columns, notes + told)


def _refuse_canvas(document: Any) -> None:
    """Canvas workpads place elements by pixel, also over one another, on pages of their own."""
    pads = found(document, lambda node: mapping(node).get("type") == "canvas-workpad")
    if pads and not found(document, is_page):
        name = text(mapping(at(document, (*pads[0], "attributes"))).get("name"), "a workpad")
        raise DashboardError(
            "file", name, "is a Canvas workpad, placed by pixel", "Name a dashboard instead."
        )


def _panels(kept: dict[str, Any], base: Path) -> tuple[list[Any], Path]:
    """The panels and where they are. Raises DashboardError if they are no list."""
    raw = kept["panelsJSON"] if "panelsJSON" in kept else kept.get("panels")
    here: Path = (*base, "panelsJSON" if "panelsJSON" in kept else "panels")
    if isinstance(raw, str):
        raw, here = (parsed(raw) if raw.strip() else []), (*here, Inside.JSON)
    if not isinstance(raw, list):
        raise DashboardError(
            "panelsJSON", str(raw)[:60], "is no list of panels", "Export it again."
        )
    return raw, here


def _keys(panels: list[Any]) -> Keys:
    for panel in panels:
        for name in PLACES:
            if isinstance(mapping(panel).get(name), dict):
                return Keys((name, "x"), (name, "y"), (name, "w"), (name, "h"))
    if any("size_x" in mapping(panel) or "col" in mapping(panel) for panel in panels):
        return OLD
    return Keys(("gridData", "x"), ("gridData", "y"), ("gridData", "w"), ("gridData", "h"))


def _place(panel: dict[str, Any]) -> Box:
    for name in PLACES:
        if isinstance(panel.get(name), dict):
            return box(panel[name], ("x", "y", "w", "h"), UNPLACED)
    if "size_x" in panel or "col" in panel:
        old = box(panel, ("col", "row", "size_x", "size_y"), Box(1, 1, 3, 2))
        return old._replace(x=max(old.x - 1, 0), y=max(old.y - 1, 0))
    return UNPLACED


def _columns(panels: list[Any], items: list[Item]) -> int:
    """48, or 12 where panels are of a version before 6.3 and fit."""
    if any(item.box.x + item.box.w > 12 for item in items):
        return 48
    versions = [text(mapping(panel).get("version")) for panel in panels]
    grids = any(isinstance(mapping(panel).get("gridData"), dict) for panel in panels)
    is_old = any(re.match(r"[45]\.|6\.[0-2]\b", version) for version in versions)
    return 12 if is_old or (panels and not grids and _keys(panels) is OLD) else 48


def _sections(kept: dict[str, Any], base: Path) -> dict[str, Head]:
    """Heads by the id that panels name."""
    raw: Any = kept.get("sections")
    here: Path = (*base, "sections")
    if isinstance(raw, str):
        raw, here = parsed(raw), (*here, Inside.JSON)
    heads = {}
    for i, section in enumerate(sequence(raw)):
        place = mapping(mapping(section).get("gridData"))
        heads[text(place.get("i"))] = _head(mapping(section), (*here, i), "gridData")
    return heads


def _head(section: dict[str, Any], path: Path, name: str) -> Head:
    """A section's head; Kibana keeps its row alone."""
    y = number(mapping(section.get(name)).get("y"), 0)
    keys = Keys(None, (name, "y"), None, None)
    return Head(text(section.get("title"), "Section"), path, Box(0, y, 48, 1), keys)


def _parts(
    panels: list[Any], here: Path, names: _Names, heads: dict[str, Head]
) -> tuple[list[Item | Head], dict[Path, list[Item]]]:
    """What stands on the page itself, and by the path of a section what it holds."""
    parts: list[Item | Head] = list(heads.values())
    held: dict[Path, list[Item]] = {head.path: [] for head in heads.values()}
    for i, panel in enumerate(panels):
        if not isinstance(panel, dict):
            continue
        path = (*here, i)
        if isinstance(panel.get("panels"), list):  # a section of the newer API
            name = next((key for key in PLACES if key in panel), "grid")
            head = _head(panel, path, name)
            parts.append(head)
            inner = [mapping(p) for p in panel["panels"]]
            held[path] = [_item(p, (*path, "panels", j), names) for j, p in enumerate(inner)]
            continue
        section = heads.get(text(mapping(panel.get("gridData")).get("sectionId")))
        (held[section.path] if section else parts).append(_item(panel, path, names))
    return parts, held


def _closed(
    part: Item | Head, held: dict[Path, list[Item]], columns: int, keys: Keys
) -> Item | Head:
    """A section with the space that it holds."""
    if isinstance(part, Item):
        return part
    bands = in_sequence(by_place(held[part.path]))
    return replace(part, inner=(Space(bands, columns, keys),))


def _item(panel: dict[str, Any], path: Path, names: _Names) -> Item:
    config = mapping(panel.get("embeddableConfig")) or mapping(panel.get("config"))
    lens = mapping(config.get("attributes"))
    saved = mapping(config.get("savedVis"))
    referred, its_type = names.of(panel)
    kind = text(
        lens.get("visualizationType"), saved.get("type"), its_type, panel.get("type"), "panel"
    )
    params = mapping(saved.get("params"))
    title = text(
        panel.get("title"),
        config.get("title"),
        lens.get("title"),
        saved.get("title"),
        referred,
        first_line(params.get("markdown") or config.get("content")),
    )
    own = mapping(panel.get("gridData")).get("i")
    return Item(
        id=text(panel.get("panelIndex"), panel.get("uid"), own),
        kind=kind_of(kind),
        title=title,
        box=_place(panel),
        path=path,
        content=without(panel, *PLACES, "col", "row", "size_x", "size_y"),
    )


class _Names:
    """Titles and types of the saved objects that panels refer to, where the file has them."""

    def __init__(self, document: Any, references: list[Any]) -> None:
        named = [mapping(reference) for reference in references]
        self.references = {text(r.get("name")): r for r in named}
        listed = document if isinstance(document, list) else mapping(document).get("objects")
        self.objects = {
            text(o.get("id"), o.get("_id")): mapping(o.get("attributes"))
            or mapping(o.get("_source"))
            for o in map(mapping, sequence(listed))
        }

    def of(self, panel: dict[str, Any]) -> tuple[str, str]:
        """Title and type of what a panel shows; empty where the file does not say."""
        name, index = text(panel.get("panelRefName")), text(panel.get("panelIndex"))
        reference = self.references.get(name) or self.references.get(f"{index}:{name}") or {}
        shown = self.objects.get(text(reference.get("id"), panel.get("id"), "?"), {})
        state = mapping(parsed(shown.get("visState")))
        kind = text(state.get("type"), shown.get("visualizationType"), reference.get("type"))
        return text(shown.get("title")), kind


def _notes(parts: list[Item | Head], columns: int) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Head):
            yield f"Section {part.title!r} stays where it is: its panels are arranged within it."
    if columns == 12:
        yield "The grid has 12 columns, as Kibana's had before version 6.3."
