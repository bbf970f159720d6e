"""Reads MAP.toml: which of a tool's events mean a use, an impression or a dismissal of a block.

    [time]
    zone = "Europe/Berlin"            # of times that carry none; default UTC

    [person]                          # default: the tool's own fields
    user = "properties.account"
    anonymous = "anonymousId"

    [[rule]]
    event = "page_click"              # a name, or a list of names
    where = { "properties.page" = ["/home", "/start"] }   # all of these, each one of its values
    where_not = { "properties.bot" = true }               # and none of these
    kind = "use"                      # use, impression or dismiss
    surface = "home"
    block = "properties.section"      # the property that names the block …
    blocks = { "Live room" = "live" } # … and what its values are called here
    # block_id = "live"               # or one block for every such event

The first rule that fits counts. A path descends by dots; a list of keys where a key has a dot.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml.data.errors import BadValue, DataError
from ml.events.map_check import Keys, MapCheck, Surfaces

KINDS = ("use", "impression", "dismiss")
SHAPE: Mapping[str, tuple[str, ...]] = {
    "time": ("zone",),
    "person": ("user", "anonymous"),
    "rule": ("event", "where", "where_not", "kind", "surface", "block", "block_id", "blocks"),
}
"""The tables of a map, and the keys of each."""


@dataclass(frozen=True)
class Rule:
    """Events named in `events` mean `kind` of a block.

    where: their value at each path is one of these. where_not: at no path it is one of those, or it
    has none.
    """

    events: tuple[str, ...]
    kind: str
    surface: str
    block: Keys = ()
    block_id: str = ""
    blocks: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[Keys, Sequence[str]] = field(default_factory=dict)
    where_not: Mapping[Keys, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class EventMap:
    """The rules of one file. user, anonymous: empty for the tool's own fields."""

    rules: tuple[Rule, ...]
    zone: str = "UTC"
    user: Keys = ()
    anonymous: Keys = ()


def load_map(path: Path, surfaces: Surfaces) -> EventMap:
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


def parse_map(document: Mapping[str, Any], surfaces: Surfaces, name: str = "map") -> EventMap:
    """Checks a parsed map. Raises DataError as `load_map` does."""
    check = MapCheck(name, surfaces)
    check.keys("", document, SHAPE)
    time, person = (check.table(name, document, SHAPE[name]) for name in ("time", "person"))
    zone = check.zone(time.get("zone", "UTC"))
    who = {key: check.path(f"person.{key}", person.get(key, ())) for key in ("user", "anonymous")}
    rules = [
        _rule(row, check, f"rule {number}{_called(row)}, ")
        for number, row in enumerate(check.rules(document), 1)
    ]
    if check.problems:
        raise DataError(check.problems)
    return EventMap(tuple(rules), zone, who["user"], who["anonymous"])


def _called(row: Mapping[str, Any]) -> str:
    """A rule's event, by which it is easier to find than by its number."""
    event = row.get("event")
    return f" ({event})" if isinstance(event, str) else ""


def _rule(row: Mapping[str, Any], check: MapCheck, where: str) -> Rule:
    """One [[rule]] of a map; where: begins the names of its fields."""
    check.keys(where, row, SHAPE["rule"])
    surface = str(row.get("surface", ""))
    check.one_of(f"{where}surface", surface, check.surfaces, "surface")
    check.one_of(f"{where}kind", str(row.get("kind", "use")), KINDS, "kind")
    if ("block" in row) == ("block_id" in row):
        hint = "give either `block`, the property that names it, or `block_id`"
        check.refuse(f"{where}block", row.get("block", ""), hint)
    called = check.texts(f"{where}blocks", row.get("blocks", {}))
    own = {f"{where}block_id": str(row["block_id"])} if "block_id" in row else {}
    own |= {f"{where}blocks, {value!r}": block for value, block in called.items()}
    for name, block in own.items() if surface in check.surfaces else ():
        check.one_of(name, block, check.surfaces[surface], f"block of {surface}")
    return Rule(
        events=check.names(f"{where}event", row.get("event", ())),
        kind=str(row.get("kind", "use")),
        surface=surface,
        block=check.path(f"{where}block", row.get("block", ())),
        block_id=own.get(f"{where}block_id", ""),
        blocks=called,
        where=check.choices(f"{where}where", row.get("where", {})),
        where_not=check.choices(f"{where}where_not", row.get("where_not", {})),
    )
