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

COLUMNS, ROW_PX = 12, 64
HALF, FULL = 6, 12
TALL = {"entities": 4, "map": 5, "picture": 4, "grid": 4, "vertical-stack": 6, "history-graph": 4}
BY_AREA = ("custom:grid-layout", "grid-layout", "iframe", "strategy")
ROW = "{type: entities, title: Lights, entities: [light.hall], grid_options: {columns: 6}}"


def is_page(node: Any) -> bool:
    """Returns True for a dashboard, or for one view of it."""
    inner = mapping(node)
    is_whole = _is_list(inner.get("views"))
    lists = [inner[key] for key in ("cards", "sections") if key in inner]
    is_view = (
        bool(lists)
        and all(map(_is_list, lists))
        and not str(inner.get("type", "")).endswith(("stack", "grid", "card"))
    )
    return is_whole or is_view


def _is_list(value: Any) -> bool:
    return bool(sequence(value)) and any(isinstance(part, dict) for part in value)


def read(document: Any) -> Page:
    """Raises DashboardError where there is no view."""
    path, node, notes = page_in(document, is_page, "Home Assistant page", "views or cards")
    told: list[str] = []
    if "views" in node:
        views = [(view, (*path, "views", i)) for i, view in enumerate(sequence(node["views"]))]
    else:
        views = [(node, path)]
    spaces = [space for view, at in views for space in _view(view, at, told, len(views) > 1)]
    title = text(node.get("title"), mapping(views[0][0]).get("title"), "Dashboard")
    return Page(title, tuple(spaces), ROW_PX, COLUMNS, notes + tuple(told))


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
    for i, section in enumerate(sequence(view.get("sections"))):
        inner = mapping(section)
        own = text(inner.get("title"), "" if _is_headed(inner) else f"Section {i + 1}")
        title = " / ".join(filter(None, (name if has_others else "", own)))
        cards = list(enumerate(sequence(inner.get("cards"))))
        if cards:
            yield _list_space(cards, (*path, "sections", i, "cards"), title, FULL)


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
