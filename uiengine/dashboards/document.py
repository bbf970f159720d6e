"""Documents as values: finding a node, also inside JSON that is kept as a string, and editing."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any


class Inside(Enum):
    """A step of a path that leads into a string."""

    JSON = "a string that holds JSON"


Step = str | int | Inside
Path = tuple[Step, ...]
DEEPEST = 8
"""Wrappers around a page that are looked through: a list, a Kubernetes resource, an answer."""
MOST_LOOKED_AT = 200_000
"""Nodes that are looked at for a page."""


def parsed(text: object) -> Any:
    """What a string of JSON holds, or None. Only objects and lists count."""
    if not isinstance(text, str) or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def at(document: Any, path: Path) -> Any:
    """The value at a path, or None where there is none."""
    for step in path:
        if step is Inside.JSON:
            document = parsed(document)
        elif isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and isinstance(step, int) and step < len(document):
            document = document[step]
        else:
            return None
    return document


def found(document: Any, is_page: Callable[[Any], bool]) -> list[Path]:
    """The paths of all pages in a document, the outermost first; pages in pages are not listed."""
    waiting: deque[tuple[Path, Any]] = deque([((), document)])
    pages: list[Path] = []
    looked = 0
    while waiting and looked < MOST_LOOKED_AT:
        looked += 1
        path, node = waiting.popleft()
        if is_page(node):
            pages.append(path)
        elif len(path) < DEEPEST:
            waiting.extend(_below(path, node))
    return pages


def _below(path: Path, node: Any) -> list[tuple[Path, Any]]:
    if isinstance(node, dict):
        return [((*path, key), value) for key, value in node.items() if _holds(value)]
    if isinstance(node, list):
        return [((*path, i), value) for i, value in enumerate(node) if _holds(value)]
    inner = parsed(node)
    return [] if inner is None else [((*path, Inside.JSON), inner)]


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list) or (
        isinstance(value, str) and value.lstrip()[:1] in ("{", "[")
    )


def edited(document: Any, edits: Mapping[Path, Any]) -> Any:
    """A copy of the document with the values at the paths; what is not named is shared.

    Objects that are missing on the way are made, also over what is no object. JSON in a string is
    written as JavaScript does.
    """
    if () in edits:
        return edits[()]
    below: dict[Step, dict[Path, Any]] = {}
    for path, value in edits.items():
        below.setdefault(path[0], {})[path[1:]] = value
    if not below:
        return document
    if Inside.JSON in below:
        inner = edited(json.loads(document), below[Inside.JSON])
        return json.dumps(inner, ensure_ascii=False, separators=(",", ":"))
    if isinstance(document, list) and not any(isinstance(step, str) for step in below):
        items = list(document)
        for step, inner in below.items():
            items[step] = edited(items[step], inner)  # type: ignore[index]
        return items
    node = dict(document) if isinstance(document, dict) else {}
    for step, inner in below.items():
        node[step] = edited(node.get(step), inner)
    return node
