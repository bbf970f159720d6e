"""Looks at an export and writes a first map: names, their properties, blocks that these name."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ml.events.lifecycle import is_lifecycle, plain
from ml.events.reading import EventReader

Titles = Mapping[str, Mapping[str, str]]
"""By surface, block ids and their titles."""
MOST_NAMES = 30
"""Event names looked at, the most frequent first."""
MOST_VALUES = 200
"""A property with more values names no blocks."""
SHOWN = 6
NO_USE = "tells of a session, of the app or of who somebody is, so no rule"
KIND_WORDS = {"impression": ("view", "seen", "impression", "shown"), "dismiss": ("dismiss", "hide")}


@dataclass
class Seen:
    """An event name: how often, and by property the counts of its values."""

    name: str
    count: int
    values: dict[str, Counter[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Fit:
    """A property whose values are blocks of a surface. blocks: block id by value."""

    surface: str
    key: str
    blocks: Mapping[str, str]


def look(reader: EventReader) -> list[Seen]:
    """Counts the names and properties of the events that `reader.look` staged."""
    return [
        Seen(name, count, {key: Counter(values) for key, values in properties.items()})
        for name, count, properties in reader.properties(MOST_NAMES, MOST_VALUES)
    ]


def proposed_map(seen: Iterable[Seen], titles: Titles) -> str:
    """A map as TOML: a rule for each event that names blocks, comments with counts for others."""
    lines = ["# Made by map_events; read it, correct it, then: import_events --dry-run", ""]
    for event in seen:
        if is_lifecycle(event.name):
            lines += [f"# {_said(event.name)}, {event.count:,} times: {NO_USE}", ""]
            continue
        fits = [
            _fit(event, key, surface, titles[surface]) for key in event.values for surface in titles
        ]
        best = max(fits, key=lambda fit: _weight(event, fit), default=None)
        lines += _rule(event, best) if best and best.blocks else _comment(event)
    return "\n".join(lines)


def _fit(event: Seen, key: str, surface: str, blocks: Mapping[str, str]) -> Fit:
    """Values that are a block's id or title, whatever their case and punctuation."""
    called = {plain(title): block for block, title in blocks.items()}
    called |= {plain(block): block for block in blocks}
    found = {value: called.get(plain(value), "") for value in event.values[key]}
    return Fit(surface, key, {value: block for value, block in found.items() if block})


def _weight(event: Seen, fit: Fit) -> tuple[int, int]:
    values = event.values[fit.key]
    return len(set(fit.blocks.values())), sum(values[value] for value in fit.blocks)


def _rule(event: Seen, fit: Fit) -> list[str]:
    values = event.values[fit.key]
    others = [value for value, _ in values.most_common() if value not in fit.blocks]
    named = {value: block for value, block in fit.blocks.items() if value != block}
    kind = _kind(event.name)
    lines = [
        f"# {_said(event.name)}, {event.count:,} times: property {_said(fit.key)} has "
        f"{len(values)} values, {len(fit.blocks)} are blocks of {fit.surface}"
    ]
    if others:
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        lines.append(f"# not blocks: {', '.join(map(_said, others[:SHOWN]))}{more}")
    lines += [
        "[[rule]]",
        f"event = {_text(event.name)}",
        f"kind = {_text(kind)}",
        f"surface = {_text(fit.surface)}",
        f"block = [{_text('properties')}, {_text(fit.key)}]",
    ]
    if named:
        pairs = ", ".join(f"{_text(v)} = {_text(b)}" for v, b in sorted(named.items()))
        lines.append(f"blocks = {{ {pairs} }}")
    return [*lines, ""]


def _comment(event: Seen) -> list[str]:
    lines = [f"# {_said(event.name)}, {event.count:,} times: no property names a block"]
    for key, values in list(event.values.items())[:SHOWN]:
        shown = ", ".join(f"{_said(value)} {n:,}" for value, n in values.most_common(SHOWN))
        lines.append(f"#   {_said(key)}, {len(values)} values: {shown}")
    return [*lines, ""]


def _kind(name: str) -> str:
    words = name.casefold()
    return next((k for k, parts in KIND_WORDS.items() if any(p in words for p in parts)), "use")


def _said(text: str) -> str:
    """On one line of a comment."""
    return re.sub(r"\s+|[\x00-\x1f\x7f]", " ", text)[:80]


def _text(text: str) -> str:
    """A basic string of TOML; JSON's escapes are among TOML's, but for the deleted character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
