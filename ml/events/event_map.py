"""Reads MAP.toml: which of a tool's events mean a use, an impression or a dismissal of a block.

    [time]
    zone = "Europe/Berlin"            # of times that carry none; default UTC

    [person]                          # default: the tool's own fields
    user = "properties.account"
    anonymous = "anonymousId"

    [[rule]]
    event = "page_click"              # a name, or a list of names
    where = { "properties.page" = "/home" }
    kind = "use"                      # use, impression or dismiss
    surface = "home"
    block = "properties.section"      # the property that names the block …
    blocks = { "Live room" = "live" } # … and what its values are called here
    # block_id = "live"               # or one block for every such event

The first rule that fits counts. A path descends by dots; a list of keys where a key has a dot.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ml.data.errors import BadValue, DataError

KINDS = ("use", "impression", "dismiss")
Keys = tuple[str, ...]
"""The keys from an event's outermost object down to a value."""


@dataclass(frozen=True)
class Rule:
    """Events named in `events` whose values at `where` are as given mean `kind` of a block."""

    events: tuple[str, ...]
    kind: str
    surface: str
    block: Keys = ()
    block_id: str = ""
    blocks: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[Keys, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EventMap:
    """The rules of one file. user, anonymous: empty for the tool's own fields."""

    rules: tuple[Rule, ...]
    zone: str = "UTC"
    user: Keys = ()
    anonymous: Keys = ()


def load_map(path: Path, surfaces: Mapping[str, object]) -> EventMap:
    """Reads and checks a map against the surfaces that exist.

    Raises:
        DataError: all that is wrong, each with its field, value and rule.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        hint = f"must be a readable TOML file ({error})"
        raise DataError([BadValue(path.name, 0, "map", str(path), hint)]) from error
    return parse_map(document, surfaces, path.name)


def parse_map(
    document: Mapping[str, Any], surfaces: Mapping[str, object], name: str = "map"
) -> EventMap:
    """Checks a parsed map. Raises DataError as `load_map` does."""
    problems: list[BadValue] = []

    def refuse(row: int, column: str, value: object, rule: str) -> None:
        problems.append(BadValue(name, row, column, str(value), rule))

    for key in document.keys() - {"time", "person", "rule"}:
        refuse(0, key, document[key], "unknown; a map has [time], [person] and [[rule]]")
    zone = str(document.get("time", {}).get("zone", "UTC"))
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        refuse(0, "time.zone", zone, "must be a zone name such as Europe/Berlin")
    person = document.get("person", {})
    given = document.get("rule")
    if not isinstance(given, list) or not given:
        refuse(0, "rule", given, "at least one [[rule]] must say what an event means")
        given = []
    rules = [_rule(row, number, surfaces, refuse) for number, row in enumerate(given, 1)]
    if problems:
        raise DataError(problems)
    keys = {who: _keys(person.get(who, ())) for who in ("user", "anonymous")}
    return EventMap(tuple(rules), zone, keys["user"], keys["anonymous"])


def _rule(row: Any, number: int, surfaces: Mapping[str, object], refuse: Any) -> Rule:
    """One [[rule]]; calls `refuse` for each value that cannot be."""
    row = row if isinstance(row, dict) else {}
    allowed = {"event", "kind", "surface", "block", "block_id", "blocks", "where"}
    for key in row.keys() - allowed:
        refuse(number, key, row[key], f"unknown; must be one of {', '.join(sorted(allowed))}")
    events = row.get("event", ())
    events = (events,) if isinstance(events, str) else tuple(events)
    if not events:
        refuse(number, "event", row.get("event", ""), "names the tool's event")
    if row.get("kind", "use") not in KINDS:
        refuse(number, "kind", row["kind"], f"must be one of {', '.join(KINDS)}")
    if row.get("surface") not in surfaces:
        known = ", ".join(sorted(surfaces)) or "none yet: load one first"
        refuse(number, "surface", row.get("surface", ""), f"must be one of {known}")
    if ("block" in row) == ("block_id" in row):
        hint = "give either `block`, the property that names it, or `block_id`"
        refuse(number, "block", row.get("block", ""), hint)
    return Rule(
        events=tuple(str(event) for event in events),
        kind=str(row.get("kind", "use")),
        surface=str(row.get("surface", "")),
        block=_keys(row.get("block", ())),
        block_id=str(row.get("block_id", "")),
        blocks={str(k): str(v) for k, v in dict(row.get("blocks", {})).items()},
        where={_keys(k): str(v) for k, v in dict(row.get("where", {})).items()},
    )


def _keys(path: str | list[str] | tuple[str, ...]) -> Keys:
    return tuple(path.split(".")) if isinstance(path, str) else tuple(path)
