"""Which objects of a tool's file are panels, told without the importer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from uiengine.dashboards.document import parsed

Node = dict[str, Any]


def _keeps(*names: str) -> Callable[[Node], bool]:
    return lambda node: any(isinstance(node.get(name), list) and node[name] for name in names)


def _is_grafana_panel(node: Node) -> bool:
    if node.get("kind") in ("Panel", "LibraryPanel"):
        return "vizConfig" in node.get("spec", {}) or node["kind"] == "LibraryPanel"
    placed = any(key in node for key in ("gridPos", "span", "targets"))
    return placed and isinstance(node.get("type"), str) and node["type"] != "row"


PANELS: Mapping[str, Callable[[Node], bool]] = {
    "grafana": _is_grafana_panel,
    "kibana": lambda node: (
        any({"w", "h"} <= set(node.get(key) or ()) for key in ("gridData", "grid", "gridConfig"))
        or "size_x" in node
    ),
    "superset": lambda node: node.get("type") in ("CHART", "MARKDOWN") and "meta" in node,
    "perses": lambda node: node.get("kind") == "Panel" and "plugin" in node.get("spec", {}),
    "home-assistant": _keeps("cards", "badges"),
    "metabase": _keeps("dashcards", "ordered_cards"),
    "datadog": lambda node: (
        "type" in (node.get("definition") or ()) and node["definition"]["type"] != "group"
    ),
    "gridstack": _keeps("children"),
    "react-grid-layout": lambda node: {"i", "x", "y", "w", "h"} <= node.keys(),
}
"""What is a panel of a tool, told by the tool's files."""


def has_panels(document: Any, format: str) -> bool:
    return any(PANELS[format](node) for node in _objects(document))


def _objects(value: Any) -> Iterator[Node]:
    """All objects of a document, also inside strings that hold JSON."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif (inner := parsed(value)) is not None:
            waiting.append(inner)
