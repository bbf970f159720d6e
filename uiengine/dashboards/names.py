"""Names for blocks and groups that hold when a page is arranged anew and imported again."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from uiengine.dashboards.page import Band, Head, Item, Space

MOST_LETTERS = 100


def identifier(wanted: str) -> str:
    """The text as an identifier: letters, digits and _ . : -, first a letter or digit."""
    plain = re.sub(r"[^A-Za-z0-9_.:-]+", "-", wanted)
    return re.sub(r"^[^A-Za-z0-9]+", "", plain)[:MOST_LETTERS].rstrip("-")


def told_apart(items: Iterable[Item]) -> dict[int, str]:
    """An identifier for each item, by `id(item)`.

    It is the item's own where that is there once. Otherwise the item's content tells it apart, so
    that its place does not name it.
    """
    listed = list(items)
    wanted = [identifier(item.id) for item in listed]
    count = Counter(wanted)
    taken = {name for name in wanted if name and count[name] == 1}
    names: dict[int, str] = {}
    for item, name in zip(listed, wanted, strict=True):
        if not name or count[name] > 1:
            name = _free(_by_content(item, name), taken)
            taken.add(name)
        names[id(item)] = name
    return names


def _by_content(item: Item, name: str) -> str:
    shown = json.dumps(item.content, sort_keys=True, default=str)
    digest = hashlib.sha256(shown.encode()).hexdigest()[:8]
    stem = name or identifier(item.title.lower()) or identifier(item.kind) or "block"
    return f"{stem[: MOST_LETTERS - 16]}-{digest}"


def _free(name: str, taken: set[str]) -> str:
    number, tried = 2, name
    while tried in taken:
        tried, number = f"{name}-{number}", number + 1
    return tried


def named(spaces: tuple[Space, ...], names: Mapping[int, str]) -> tuple[Space, ...]:
    """The spaces with each item under its name."""
    return tuple(replace(s, bands=tuple(_band(b, names) for b in s.bands)) for s in spaces)


def _band(band: Band, names: Mapping[int, str]) -> Band:
    items = tuple(replace(item, id=names[id(item)]) for item in band.items)
    return Band(items, _head(band.head, names) if band.head else None)


def _head(head: Head, names: Mapping[int, str]) -> Head:
    return replace(head, inner=named(head.inner, names))


def without(node: Any, *keys: str) -> Any:
    """A node without the keys that say where it stands."""
    if not isinstance(node, dict):
        return node
    return {key: value for key, value in node.items() if key not in keys}


def group_names(paths: Iterable[tuple[str, ...]]) -> list[str]:
    """A name of its own for each section, from the names of all that holds it."""
    taken: set[str] = set()
    names = []
    for path in paths:
        wanted = " / ".join(part for part in path if part)[:180] or "Page"
        number, name = 2, wanted
        while name in taken:
            name, number = f"{wanted} ({number})", number + 1
        taken.add(name)
        names.append(name)
    return names
