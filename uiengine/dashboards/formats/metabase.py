"""Metabase: a dashboard with `dashcards` (before 48: `ordered_cards`), and tabs since 47.

Read of the API's answers and of serialized YAML, Metabase 40 to 57:
https://www.metabase.com/docs/latest/api/dashboard. Grids have 24 columns, 18 before 47, and keep
their gaps. A heading that has nothing beside it begins a group.
"""

from __future__ import annotations

from typing import Any

from uiengine.dashboards.bands import cut
from uiengine.dashboards.document import Path
from uiengine.dashboards.kinds import kind_of
from uiengine.dashboards.names import without
from uiengine.dashboards.page import Box, Head, Item, Keys, Page, Space
from uiengine.dashboards.source import page_in
from uiengine.dashboards.values import box, first_line, mapping, number, sequence, text

WHAT = "Metabase dashboard"
ROW_PX = 60
LISTS = ("dashcards", "ordered_cards")
UNPLACED = Box(0, 0, 4, 4)
ROW = (
    '{"id": 5, "card_id": 7, "col": 0, "row": 0, "size_x": 12, "size_y": 6,'
    ' "card": {"name": "Sales"}}'
)


def is_page(node: Any) -> bool:
    return any(isinstance(mapping(node).get(key), list) for key in LISTS)


def read(document: Any) -> Page:
    """Raises DashboardError where there is no dashboard."""
    path, node, notes = page_in(document, is_page, WHAT, "dashcards")
    name = next(key for key in LISTS if isinstance(node.get(key), list))
    cards = [(mapping(card), (*path, name, i)) for i, card in enumerate(node[name])]
    sized = [_place(card) for card, _ in cards]
    columns = 24 if any(place.x + place.w > 18 for place in sized) else 18
    if name == "dashcards" and _is_recent(node):
        columns = 24
    tabs = _tabs(node)
    spaces = []
    for tab, title in tabs.items():
        inside = [(card, at) for card, at in cards if _tab_of(card, tabs) == tab]
        keys = _keys([card for card, _ in inside])
        parts = [_part(card, at, keys) for card, at in inside]
        bands = cut(parts, columns, _as_item)
        spaces.append(Space(bands, columns, keys, compacts=False, title=title))
    return Page(text(node.get("name"), "Dashboard"), tuple(spaces), ROW_PX, columns, notes)


def _is_recent(node: dict[str, Any]) -> bool:
    return "tabs" in node or "width" in node


def _tabs(node: dict[str, Any]) -> dict[str, str]:
    """Titles by the id that cards name; without tabs, the page itself."""
    listed = sequence(node.get("tabs")) or sequence(node.get("ordered_tabs"))
    rows = sorted(map(mapping, listed), key=lambda tab: number(tab.get("position"), 0))
    found = {
        _key(tab.get("id"), tab.get("entity_id")): text(tab.get("name"), "Tab") for tab in rows
    }
    return found or {"": ""}


def _key(*candidates: Any) -> str:
    """An id as text; serialized cards name a tab by a list that ends with its id."""
    for candidate in candidates:
        last = candidate[-1] if isinstance(candidate, list) and candidate else candidate
        if last is not None and not isinstance(last, list | dict):
            return str(last)
    return ""


def _tab_of(card: dict[str, Any], tabs: dict[str, str]) -> str:
    named = _key(card.get("dashboard_tab_id"))
    return named if named in tabs else next(iter(tabs))


def _names(card: dict[str, Any]) -> tuple[str, str, str, str]:
    is_old = "sizeX" in card and "size_x" not in card
    return ("col", "row", "sizeX", "sizeY") if is_old else ("col", "row", "size_x", "size_y")


def _keys(cards: list[dict[str, Any]]) -> Keys:
    x, y, w, h = _names(cards[0] if cards else {})
    return Keys((x,), (y,), (w,), (h,))


def _place(card: dict[str, Any]) -> Box:
    return box(card, _names(card), UNPLACED)


def _part(card: dict[str, Any], path: Path, keys: Keys) -> Item | Head:
    settings = mapping(card.get("visualization_settings"))
    virtual = mapping(settings.get("virtual_card"))
    if virtual.get("display") == "heading":
        title = text(first_line(settings.get("text")), "Heading")
        return Head(title, path, _place(card), keys)
    return _item(card, path)


def _as_item(head: Head) -> Item:
    return Item("", "header", head.title, head.box, head.path, head.title)


def _item(card: dict[str, Any], path: Path) -> Item:
    settings = mapping(card.get("visualization_settings"))
    virtual, shown = mapping(settings.get("virtual_card")), mapping(card.get("card"))
    kind = text(virtual.get("display"), shown.get("display"), settings.get("display"), "card")
    link = mapping(mapping(settings.get("link")).get("entity"))
    title = text(
        settings.get("card.title"),
        shown.get("name"),
        first_line(settings.get("text")),
        link.get("name"),
    )
    own = _key(card.get("id"), card.get("entity_id"))
    return Item(
        id=f"card-{own}" if own else "",
        kind=kind_of(kind),
        title=title or kind,
        box=_place(card),
        path=path,
        content=without(card, *_names(card), "updated_at"),
    )
