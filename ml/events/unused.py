"""Names what a map says of events and no event of the files has: most often it is mistyped."""

from __future__ import annotations

from ml.events.base import Base
from ml.events.event_map import EventMap
from ml.events.map_check import Keys


def unused(base: Base, events: EventMap) -> list[str]:
    """Sentences, the people's fields first, then rules in their order. Reads table `staged`."""
    told = [
        *_nobodys(base, "user", events.user, "known", "people are known by their devices alone"),
        *_nobodys(base, "anonymous", events.anonymous, "device", "no device is known"),
    ]
    fitted = {rule for (rule,) in base.rows("SELECT DISTINCT rule FROM staged")}
    for number, rule in enumerate(events.rules, 1):
        if number not in fitted:
            names = ", ".join(rule.events)
            told.append(f"rule {number} ({names}): it fits no event that no rule above it takes")
    return told


def _nobodys(base: Base, field: str, keys: Keys, column: str, means: str) -> list[str]:
    if not keys or base.one(f"SELECT count({column}) FROM staged"):
        return []
    return [f"person.{field} = {'.'.join(keys)!r}: no event has it, so {means}"]
