"""Cuts a person's imported events into visits, by the surface's own gap. Pure functions."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from uiengine.behaviour.days import day_of
from webapp.subjects.imports.folding import FileVisit

DAY_MS = 86_400_000


class ImportedEvent(NamedTuple):
    """key: what duplicates share; at: ms since 1970; raw: the id in the file; kind: use, …"""

    key: str
    at: int
    raw: str
    kind: str
    block: str


def united(one: Iterable[ImportedEvent], other: Iterable[ImportedEvent]) -> list[ImportedEvent]:
    """Both, each key once (the earliest), in order of time."""
    kept: dict[str, ImportedEvent] = {}
    for event in (*one, *other):
        known = kept.get(event.key)
        if known is None or _order(event) < _order(known):
            kept[event.key] = event
    return sorted(kept.values(), key=_order)


def _order(event: ImportedEvent) -> tuple[int, str, str, str]:
    return event.at, event.kind, event.block, event.key


def cut_visits(events: Sequence[ImportedEvent], gap: int, zone: str) -> list[FileVisit]:
    """Visits in which something was used; an event after `gap` ms of silence begins another.

    events: in order of time. Impressions and dismissals lengthen a visit and count no use.
    zone: the IANA name of the zone in which days are cut.
    """
    visits: list[FileVisit] = []
    part: list[ImportedEvent] = []
    for event in events:
        if part and event.at - part[-1].at >= gap:
            visits += _visit(part, zone)
            part = []
        part.append(event)
    return visits + _visit(part, zone)


def _visit(events: Sequence[ImportedEvent], zone: str) -> list[FileVisit]:
    uses = Counter(event.block for event in events if event.kind == "use")
    if not uses:
        return []
    start = events[0].at
    name = hashlib.sha256(f"events:{start}".encode()).hexdigest()[:32]
    return [FileVisit(name, start / 1000, day_of(start, zone), dict(sorted(uses.items())))]


def pack(events: Sequence[ImportedEvent]) -> bytes:
    """Events as compressed JSON, about a dozen bytes each."""
    return zlib.compress(json.dumps(events, separators=(",", ":")).encode())


def unpack(packed: bytes | memoryview) -> list[ImportedEvent]:
    """The events of `pack`."""
    return [ImportedEvent(*row) for row in json.loads(zlib.decompress(packed))]
