"""Checks the values of a map of events, and says of each that cannot be what it should be."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ml.data.errors import BadValue

Keys = tuple[str, ...]
"""The keys from an event's outermost object down to a value."""
Surfaces = Mapping[str, Collection[str]]
"""The block ids of each surface."""
SHOWN = 8
NEAREST = 3
CHOICE = '{ "properties.page" = ["/home", "/start"] }'
NO_RULE = (
    "a map needs at least one [[rule]], which says what an event means; the end of "
    "`manage.py import_events --help` shows one to begin with"
)


class MapCheck:
    """Collects what is wrong with one map. name: of its file."""

    def __init__(self, name: str, surfaces: Surfaces) -> None:
        self._name = name
        self.surfaces = surfaces
        self.problems: list[BadValue] = []

    def refuse(self, field: str, value: object, rule: str) -> None:
        self.problems.append(BadValue(self._name, 0, field, str(value), rule))

    def keys(self, where: str, table: Mapping[str, Any], known: Collection[str]) -> None:
        for key in sorted(table.keys() - set(known)):
            self.refuse(where + key, table[key], f"is no key of a map here; {_near(key, known)}")

    def one_of(self, field: str, value: str, known: Collection[str], what: str) -> None:
        if value not in known:
            self.refuse(field, value, f"is no {what}; {_near(value, known)}")

    def zone(self, value: object) -> str:
        try:
            ZoneInfo(str(value))
        except (ZoneInfoNotFoundError, ValueError):
            self.refuse("time.zone", value, "must be a zone name such as Europe/Berlin")
        return str(value)

    def table(
        self, name: str, document: Mapping[str, Any], known: Collection[str]
    ) -> Mapping[str, Any]:
        """The table of this name, or an empty one. known: its keys."""
        found = document.get(name, {})
        if isinstance(found, dict):
            self.keys(f"{name}.", found, known)
            return found
        self.refuse(name, found, f"must be a table: [{name}]")
        return {}

    def rules(self, document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The [[rule]] tables, of which one at least has to be there."""
        found = document.get("rule", [])
        if isinstance(found, list) and found and all(isinstance(row, dict) for row in found):
            return found
        self.refuse("rule", found or "", NO_RULE)
        return []

    def names(self, field: str, value: object) -> tuple[str, ...]:
        """One name, or several."""
        found = [value] if isinstance(value, str) else value
        if isinstance(found, list) and found and all(isinstance(n, str) and n for n in found):
            return tuple(found)
        self.refuse(field, value or "", "must be the tool's name of an event, or a list of names")
        return ()

    def path(self, field: str, value: object) -> Keys:
        """A path as a text with dots, or as a list of keys; () where it is not given."""
        found = value.split(".") if isinstance(value, str) else value
        if isinstance(found, list | tuple) and all(isinstance(key, str) and key for key in found):
            return tuple(found)
        self.refuse(field, value, "must be a path: keys with dots between them, or a list of keys")
        return ()

    def texts(self, field: str, value: object) -> Mapping[str, str]:
        """A table of values by name."""
        if isinstance(value, dict) and not any(isinstance(v, dict | list) for v in value.values()):
            return {k: _text(v) for k, v in value.items()}
        self.refuse(field, value, 'must be a table such as { "a value" = "another" }')
        return {}

    def choices(self, field: str, value: object) -> Mapping[Keys, tuple[str, ...]]:
        """A table of one value, or several, by path."""
        if not isinstance(value, dict):
            self.refuse(field, value, f"must be a table such as {CHOICE}")
            return {}
        found = {}
        for path, given in value.items():
            several = given if isinstance(given, list) else [given]
            if not several or any(isinstance(one, dict | list) for one in several):
                rule = f"must be a value or a list of values, and its path a text: {CHOICE}"
                self.refuse(f"{field}, {path!r}", given, rule)
            found[self.path(field, path)] = tuple(map(_text, several))
        return found


def _text(value: object) -> str:
    """A value as JSON writes it."""
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _near(value: str, known: Collection[str]) -> str:
    """The next step: the known values that are nearest to a mistyped one."""
    if not known:
        return "there is none yet: make one first"
    plain = {name.casefold(): name for name in sorted(known)}
    near = [plain[name] for name in get_close_matches(value.casefold(), plain, NEAREST)]
    listed = ", ".join(sorted(known)[:SHOWN]) + (", …" if len(known) > SHOWN else "")
    return f"nearest: {', '.join(near)}" if near else f"there are {listed}"
