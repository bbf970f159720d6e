"""Parses and checks a batch of events.

One pass over plain values accepts valid events. Anything else goes to REST framework's
serializers, which name the mistakes. `EventIn` declares the limits for both, and a test checks that
the serializers accept all that the pass accepts, with equal values.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Any

from rest_framework import serializers

from webapp.layouts.serializers import (
    MOST_DECISION,
    MOST_EVENTS,
    VALUES,
    WITH_BLOCK,
    BatchIn,
    EventIn,
    arrival,
)
from webapp.subjects.events import Arrival
from webapp.subjects.models import Event

ID = re.compile(r"[\x21-\x7e]{1,64}")
UNUSUAL = re.compile("[\x00\ud800-\udfff]")
KINDS = frozenset(Event.Kind.values)


def batch_read(data: Any) -> tuple[str, list[Arrival]]:
    """Returns the decision and the events of a request. Raises ValidationError."""
    plain = _plain_batch(data)
    if plain is not None:
        return plain
    batch = BatchIn(data=data)
    batch.is_valid(raise_exception=True)
    checked = batch.validated_data
    return checked["decision"], [arrival(event) for event in checked["events"]]


def plain_event(event: Any, zone: tzinfo) -> Arrival | None:
    """Parses a plain event; returns None if the serializers have to judge it."""
    if type(event) is not dict:
        return None
    name, at = event.get("id"), _plain_time(event.get("at"), zone)
    kind, block = event.get("type"), event.get("block", "")
    if type(name) is not str or not ID.fullmatch(name) or at is None:
        return None
    if type(kind) is not str or kind not in KINDS or not _is_plain_text(block):
        return None
    if (kind in WITH_BLOCK and not block) or (kind == "move" and "rank" not in event):
        return None
    if len(event) > 3 and ("name" in event or "value" in event):  # of goals
        return None
    value = {name: event[name] for name in VALUES if name in event} if len(event) > 3 else {}
    checks = _checks()
    if value and not all(checks[name](part) for name, part in value.items()):
        return None
    return Arrival(name, at, kind, block, value)


def _plain_batch(data: Any) -> tuple[str, list[Arrival]] | None:
    if type(data) is not dict:
        return None
    decision, events = data.get("decision"), data.get("events")
    if type(events) is not list or not 0 < len(events) <= MOST_EVENTS:
        return None
    if not _is_plain_text(decision, MOST_DECISION) or not decision:
        return None
    arrivals = [plain_event(event, UTC) for event in events]
    read = [arrival for arrival in arrivals if arrival is not None]
    return (decision, read) if len(read) == len(events) else None


def _plain_time(text: Any, zone: tzinfo) -> datetime | None:
    """Parses a time with a zone."""
    try:
        at = datetime.fromisoformat(text) if type(text) is str else None
        return at.astimezone(zone) if at and at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _is_plain_text(text: Any, most: int = 100) -> bool:
    """Returns True for text without outer blanks and characters that databases refuse."""
    return (
        type(text) is str
        and len(text) <= most
        and text == text.strip()
        and UNUSUAL.search(text) is None
    )


@cache
def _checks() -> dict[str, Callable[[Any], bool]]:
    """By the name of a value, a check that it plainly meets `EventIn`."""
    fields = EventIn().fields
    return {name: _check(fields[name]) for name in VALUES}


def _check(field: serializers.Field[Any, Any, Any, Any]) -> Callable[[Any], bool]:
    if isinstance(field, serializers.IntegerField):
        low, high = field.min_value, field.max_value
        assert low is not None and high is not None
        return lambda value: type(value) is int and low <= value <= high
    if isinstance(field, serializers.BooleanField):
        return lambda value: type(value) is bool
    return lambda value: value != "" and _is_plain_text(value)
