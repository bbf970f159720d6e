"""Superset: a dashboard's position, a tree of rows, columns and tabs over 12 columns.

Read of Superset 0.3x to 6.0: `position_json` of the API and older exports, `position` of the YAML
in exports: https://superset.apache.org/docs/api. Charts fill rows from the left; a column of charts
in a row moves as one block; headers and dividers stay and begin a group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from uiengine.dashboards.arrange import Edits
from uiengine.dashboards.document import Inside, Path, parsed
from uiengine.dashboards.kinds import kind_of
from uiengine.dashboards.page import Band, Box, Item, Page, Space, sections
from uiengine.dashboards.source import page_in
from uiengine.dashboards.values import first_line, mapping, number, sequence, text, whole
from uiengine.errors import DashboardError

WHAT = "Superset dashboard"
COLUMNS, ROW_PX = 12, 8
KEYS = ("position", "position_json")
UNIT_DEFAULT = Box(0, 0, 4, 50)
ROW = (
    "CHART-a1: {type: CHART, id: CHART-a1, children: [], meta: {chartId: 7, width: 4, height: 50}}"
)


@dataclass(frozen=True)
class Rows:
    """Rows that follow one another in a parent's children, and are filled anew together."""

    parent: str
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Tree:
    """The position by id, where it is in the document, and the rows of each group of blocks."""

    nodes: dict[str, Any]
    path: Path
    rows: tuple[Rows, ...]


def is_page(node: Any) -> bool:
    return any(_is_tree(_position(node, key)) for key in KEYS) or _is_tree(node)


def _position(node: Any, key: str) -> Any:
    kept = mapping(node).get(key)
    return parsed(kept) if isinstance(kept, str) else kept


def _is_tree(node: Any) -> bool:
    return "ROOT_ID" in mapping(node) or "GRID_ID" in mapping(node)


def read(document: Any) -> Page:
    """Raises DashboardError where there is no position of the second version."""
    path, node, notes = page_in(document, is_page, WHAT, "position or position_json")
    below: Path = ()
    nodes = node
    for key in KEYS:
        if _is_tree(_position(node, key)):
            nodes = _position(node, key)
            below = (key, Inside.JSON) if isinstance(node[key], str) else (key,)
            break
    walk = _Walk(nodes, _charts(document))
    walk.container("ROOT_ID" if "ROOT_ID" in nodes else "GRID_ID", ())
    title = text(node.get("dashboard_title"), walk.title, "Dashboard")
    if not walk.spaces:
        raise DashboardError("position", title, "holds no chart in a row", "Add one and export it.")
    tree = Tree(nodes, (*path, *below), tuple(walk.rows))
    return Page(title, tuple(walk.spaces), ROW_PX, COLUMNS, notes + tuple(walk.notes), extra=tree)


def _charts(document: Any) -> dict[str, str]:
    """Types of charts by uuid, where the file is an archive with its charts."""
    files = mapping(document).values()
    charts = [f for f in map(mapping, files) if "viz_type" in f]
    return {text(f.get("uuid")): text(f.get("viz_type")) for f in charts}


class _Walk:
    """Goes through the tree; collects a space and its rows for each stretch of rows."""

    def __init__(self, nodes: dict[str, Any], types: dict[str, str]) -> None:
        self.nodes, self.types = nodes, types
        self.spaces: list[Space] = []
        self.rows: list[Rows] = []
        self.notes: list[str] = []
        self.seen: set[str] = set()
        self.title = text(self._meta("HEADER_ID").get("text"))

    def _meta(self, name: str) -> dict[str, Any]:
        return mapping(mapping(self.nodes.get(name)).get("meta"))

    def _children(self, name: str) -> list[str]:
        return [text(c) for c in sequence(mapping(self.nodes.get(name)).get("children")) if text(c)]

    def _type(self, name: str) -> str:
        return text(mapping(self.nodes.get(name)).get("type")).upper()

    def container(self, name: str, titles: tuple[str, ...]) -> None:
        """Rows in a grid, a tab or the root, cut where something else stands between them."""
        if name in self.seen:
            return
        self.seen.add(name)
        head, run = titles, list[str]()
        for child in self._children(name):
            kind = self._type(child)
            if kind == "ROW" or kind in ("CHART", "MARKDOWN", "COLUMN", "DYNAMIC"):
                run.append(child)
                continue
            self._stretch(name, run, head)
            run = []
            own = text(self._meta(child).get("text"), self._meta(child).get("defaultText"))
            if kind == "HEADER":
                head = (*titles, text(own, "Header"))
            elif kind == "TAB":
                self.container(child, (*titles, text(own, "Tab")))
            elif kind in ("TABS", "GRID"):
                self.container(child, head)
        self._stretch(name, run, head)

    def _stretch(self, parent: str, run: Sequence[str], titles: tuple[str, ...]) -> None:
        rows = [child for child in run if self._type(child) == "ROW"]
        if len(rows) < len(run):
            self.notes.append("Charts that stand in no row stay as they stand.")
            run = self._longest(run)
        items = tuple(item for row in run for item in self._items(row))
        if not items:
            return
        self.rows.append(Rows(parent, tuple(run)))
        self.spaces.append(Space((Band(items),), COLUMNS, title=" / ".join(titles)))

    def _longest(self, run: Sequence[str]) -> list[str]:
        """The longest stretch of rows alone."""
        stretches: list[list[str]] = [[]]
        for child in run:
            if self._type(child) == "ROW":
                stretches[-1].append(child)
            else:
                stretches.append([])
        return max(stretches, key=len)

    def _items(self, row: str) -> Iterator[Item]:
        for child in self._children(row):
            if not isinstance(self.nodes.get(child), dict):
                continue
            meta, kind = self._meta(child), self._type(child)
            w = number(meta.get("width"), UNIT_DEFAULT.w)
            shown = [self._named(inner) for inner in self._children(child)]
            if shown:
                listed = ", ".join(shown[:3]) + (" …" if len(shown) > 3 else "")
                self.notes.append(f"The column of {listed} is one block.")
            h = number(meta.get("height"), 0) or self._height(child)
            kind = self.types.get(text(meta.get("uuid")), kind.lower())
            title = self._named(child) or (shown[0] if shown else "")
            place = Box(0, 0, min(whole(max(w, 1)), COLUMNS), whole(max(h, 1)))
            yield Item(child, kind_of(kind), title or kind, place, (child,), child)

    def _named(self, name: str) -> str:
        meta = self._meta(name)
        return text(
            meta.get("sliceNameOverride"),
            meta.get("sliceName"),
            first_line(meta.get("code")),
            meta.get("text"),
        )

    def _height(self, name: str) -> float:
        inner = [number(self._meta(c).get("height"), 0) for c in self._children(name)]
        return sum(inner) or UNIT_DEFAULT.h


def edits(document: Any, page: Page, order: Sequence[str]) -> Edits:
    """Rows filled anew, for groups whose order changes; as many rows as are needed."""
    tree: Tree = page.extra
    rank = {name: i for i, name in enumerate(order)}
    nodes = dict(tree.nodes)
    for rows, section in zip(tree.rows, sections(page.spaces), strict=True):
        items = list(section.band.items)
        wanted = sorted(items, key=lambda item: rank.get(item.id, inf))
        if wanted != items:
            _fill(nodes, rows, wanted)
    changed = {name: node for name, node in nodes.items() if tree.nodes.get(name) != node}
    found: Edits = {(*tree.path, name): node for name, node in changed.items()}
    if len(nodes) < len({*tree.nodes, *nodes}):
        return {tree.path: nodes}
    return found


def _fill(nodes: dict[str, Any], rows: Rows, items: Sequence[Item]) -> None:
    lines = list(_lines(items))
    names = [*rows.ids]
    while len(names) < len(lines):
        names.append(_new_row(nodes, names[-1], len(names)))
    for spare in names[len(lines) :]:
        del nodes[spare]
    for name, line in zip(names, lines, strict=False):
        nodes[name] = {**nodes[name], "children": [item.path[0] for item in line]}
    _move_children(nodes, names[: len(lines)], lines)
    children = list(nodes[rows.parent]["children"])
    begin = children.index(rows.ids[0])
    others = [child for child in children if child not in rows.ids]
    children = [*others[:begin], *names[: len(lines)], *others[begin:]]
    nodes[rows.parent] = {**nodes[rows.parent], "children": children}


def _lines(items: Sequence[Item]) -> Iterator[list[Item]]:
    line: list[Item] = []
    for item in items:
        if line and sum(i.box.w for i in line) + item.box.w > COLUMNS:
            yield line
            line = []
        line.append(item)
    yield line


def _new_row(nodes: dict[str, Any], like: str, count: int) -> str:
    """A row like another, under a name that is free."""
    name = f"ROW-more-{count}"
    while name in nodes:
        name += "0"
    row = {**nodes[like], "id": name, "children": []}
    row["meta"] = {**mapping(row.get("meta"))}
    nodes[name] = row
    return name


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _move_children(
    nodes: dict[str, Any], names: Sequence[str], lines: Sequence[list[Item]]
) -> None:
    """Names the new parents of what stands in the rows, where the tool keeps them."""
    for name, line in zip(names, lines, strict=True):
        parents = [*sequence(nodes[name].get("parents")), name]
        for item in line:
            child = str(item.path[0])
            if "parents" in nodes[child] and nodes[child]["parents"] != parents:
                nodes[child] = {**nodes[child], "parents": parents}
                for inner in filter(_is_text, sequence(nodes[child].get("children"))):
                    if "parents" in mapping(nodes.get(inner)):
                        nodes[inner] = {**nodes[inner], "parents": [*parents, child]}
