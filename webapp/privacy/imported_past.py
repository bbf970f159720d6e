"""The imported events behind a profile, from which a later import cuts its visits again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from webapp.subjects.imports.events.visits import ImportedEvent, pack, unpack
from webapp.subjects.models import ImportedHistory, Profile


def strike(row: Profile, block: str) -> None:
    """Leaves of the block's events only that somebody was there, as visits are cut by it."""
    _write(row, [_neutral(e) if e.block == block else e for e in _events(row)])


def forget(row: Profile, since: int) -> None:
    """Deletes the events from a time on, in ms."""
    _write(row, [event for event in _events(row) if event.at < since])


def is_within_visit(row: Profile, at: int, gap: int) -> bool:
    """True if a visit of imported events goes on at that time. at, gap: ms."""
    times = [event.at for event in _events(row)]
    before, after = [t for t in times if t < at], [t for t in times if t >= at]
    return bool(before and after) and min(after) - max(before) < gap


def _events(row: Profile) -> list[ImportedEvent]:
    history = ImportedHistory.objects.filter(profile=row).first()
    return unpack(history.events) if history else []


def _write(row: Profile, events: Iterable[ImportedEvent]) -> None:
    ImportedHistory.objects.filter(profile=row).update(events=pack(list(events)))


def _neutral(event: ImportedEvent) -> ImportedEvent:
    key = hashlib.sha256(event.key.encode()).hexdigest()[:32]
    return ImportedEvent(f"struck:{key}", event.at, event.raw, "impression", "")
