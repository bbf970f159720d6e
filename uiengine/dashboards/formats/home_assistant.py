"""Home Assistant: Lovelace `views` of cards, from YAML or the storage's JSON.

Read of Home Assistant 2024 to 2026: https://www.home-assistant.io/dashboards/views/. The order of a
list is the page: a masonry view's cards, a section's cards. A heading in a section stays and begins
a group. Views that place cards by areas, or that are generated, stay as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from uiengine.dashboards.bands import in_sequence
from uiengine.dashboards.document import Path
from uiengine.dashboards.kinds import kind_of
from uiengine.dashboards.page import Box, Head, Item, Page, Space
from uiengine.dashboards.source import page_in
from uiengine.dashboards.values import first_line, mapping, number, sequence, text, whole

WHAT = "Home Assistant page"
COLUMNS, ROW_PX = 12, 64
HALF, FULL = 6, 12
TALL = {"entities": 4, "map": 5, "picture": 4, "grid": 4, "vertical-stack": 6, "history-graph": 4}
CARDS = frozenset(
    (
        *("alarm-panel", "area", "button", "calendar", "clock", "conditional", "entities"),
        *("entity", "entity-filter", "gauge", "glance", "grid", "heading", "history-graph"),
        *("horizontal-stack", "humidifier", "iframe", "light", "logbook", "map", "markdown"),
        *("media-control", "picture", "picture-elements", "picture-entity", "picture-glance"),
        *("plant-status", "sensor", "shopping-list", "statistic", "statistics-graph", "thermostat"),
        *("tile", "todo-list", "vertical-stack", "weather-forecast", "webpage"),
    )
)
"""Types of cards by which a bare list is told from other lists of typed rows, as of events."""
BY_AREA = ("custom:grid-layout", "grid-layout", "iframe", "strategy")
ROW = "{type: entities, title: Lights, entities: [light.hall], grid_options: {columns: 6}}"


def is_page(node: Any) -> bool:
    """Returns True for a dashboard, for one view of it, or for a list of cards or sections."""
    if isinstance(node, list):
        kinds = [text(mapping(part).get("type")) for part in node]
        return all(kinds) and any(kind in CARDS or kind.startswith("custom:") for kind in kinds)
    inner = mapping(node)
    kind = str(inner.get("type", ""))
    is_card = kind.endswith(("stack", "grid", "card"))
    is_view = any(_is_list(inner.get(key)) for key in ("cards", "sections"))
    return bool(inner.get("views")) or (is_view and not is_card)


def _is_list(value: Any) -> bool:
    return bool(sequence(value)) and any(isinstance(part, dict) for part in value)


def marks(node: Any) -> bool:
    """Returns True for a view, or for views of which one holds cards, with their types."""
    inner = mapping(node)
    views = [inner, *map(mapping, sequence(inner.get("views")))]
    cards = [card for view in views for card in sequence(view.get("cards"))]
    sections = [section for view in views for section in sequence(view.get("sections"))]
    held = [card for section in sections for card in sequence(mapping(section).get("cards"))]
    return is_page(node) and any("type" in mapping(card) for card in cards + held)


def read(document: Any) -> Page:
    """Raises DashboardError where there is no view."""
    path, found, notes = page_in(document, is_page, WHAT, "views or cards")
    node: Any = found
    told: list[str] = []
    spaces: list[Space] = []
    title = "Dashboard"
    if isinstance(node, list):
        spaces += _listed(node, path)
    elif "views" in node:
        views = sequence(node["views"])
        if not views:
            told.append("Its views are in other files: name one of those.")
        for i, view in enumerate(views):
            spaces += _view(view, (*path, "views", i), told, len(views) > 1)
        title = text(node.get("title"), *(mapping(view).get("title") for view in views), title)
    else:
        spaces += _view(node, path, told, False)
        title = text(node.get("title"), title)
    return Page(title, tuple(spaces), ROW_PX, COLUMNS, notes + tuple(told))


def _listed(parts: list[Any], path: Path) -> Iterator[Space]:
    """A list of sections or of cards, as files hold them that others include."""
    if any(_is_list(mapping(part).get("cards")) and part["type"] == "grid" for part in parts):
        yield from _sections(parts, path, "")
    else:
        yield _list_space(list(enumerate(parts)), path, "", HALF)


def _view(node: Any, path: Path, told: list[str], has_others: bool) -> Iterator[Space]:
    view = mapping(node)
    name = text(view.get("title"), view.get("path"), f"View {path[-1]}" if has_others else "")
    kind = text(view.get("type"))
    if "strategy" in view or kind in BY_AREA or not isinstance(node, dict):
        how = "generated" if "strategy" in view else f"laid out by {kind or 'another file'}"
        told.append(f"View {name or 'Page'!r} is {how}: it stays as it stands.")
        return
    if sequence(view.get("cards")):
        for part, cards in _sides(view["cards"]):
            title = " / ".join(filter(None, (name if has_others else "", part)))
            yield _list_space(cards, (*path, "cards"), title, HALF if kind != "panel" else FULL)
    outer = name if has_others else ""
    yield from _sections(sequence(view.get("sections")), (*path, "sections"), outer)


def _sections(parts: list[Any], path: Path, name: str) -> Iterator[Space]:
    for i, section in enumerate(parts):
        inner = mapping(section)
        own = text(inner.get("title"), "" if _is_headed(inner) else f"Section {i + 1}")
        title = " / ".join(filter(None, (name, own)))
        cards = list(enumerate(sequence(inner.get("cards"))))
        if cards:
            yield _list_space(cards, (*path, i, "cards"), title, FULL)


def _is_headed(section: dict[str, Any]) -> bool:
    cards = sequence(section.get("cards"))
    return bool(cards) and mapping(cards[0]).get("type") == "heading"


def _sides(cards: list[Any]) -> Iterator[tuple[str, list[tuple[int, Any]]]]:
    """The cards of a view, those of its sidebar apart, each with its place in the list."""
    listed = list(enumerate(cards))
    aside = [(i, card) for i, card in listed if _position(card) == "sidebar"]
    main = [(i, card) for i, card in listed if _position(card) != "sidebar"]
    if main:
        yield "", main
    if aside:
        yield "Sidebar", aside


def _position(card: Any) -> Any:
    return mapping(mapping(card).get("view_layout")).get("position")


def _list_space(cards: list[tuple[int, Any]], path: Path, title: str, wide: int) -> Space:
    parts: list[Item | Head] = []
    for i, card in cards:
        kind = text(mapping(card).get("type"))
        if kind in ("heading", "custom:layout-break"):
            name = text(mapping(card).get("heading"), mapping(card).get("title"), "")
            parts.append(Head(name, (*path, i)))
        elif isinstance(card, dict):
            parts.append(_item(card, (*path, i), wide))
    return Space(in_sequence(parts), COLUMNS, title=title)


def _item(card: dict[str, Any], path: Path, wide: int) -> Item:
    kind = text(card.get("type"), "card")
    options = mapping(card.get("grid_options")) or mapping(card.get("layout_options"))
    columns = options.get("columns", options.get("grid_columns"))
    rows = options.get("rows", options.get("grid_rows"))
    w = FULL if columns == "full" else number(columns, wide)
    if "grid_columns" in options:
        w *= 3  # older sections had 4 columns
    h = number(rows, TALL.get(kind, 2))
    return Item(
        id="",
        kind=kind_of(kind),
        title=_title(card) or kind,
        box=Box(0, 0, min(whole(max(w, 1)), COLUMNS), whole(max(h, 1))),
        path=path,
        content=card,
    )


def _title(card: dict[str, Any], deep: int = 3) -> str:
    """The title of a card, or of the first in it that has one."""
    own = text(card.get("title"), card.get("name"), first_line(card.get("content")))
    own = own or text(card.get("entity"), card.get("camera_image"))
    if own or not deep:
        return own
    for inner in (*sequence(card.get("cards")), card.get("card")):
        if isinstance(inner, dict) and (found := _title(inner, deep - 1)):
            return found
    first = next(iter(sequence(card.get("entities"))), None)
    return text(first, mapping(first).get("name"), mapping(first).get("entity"))
