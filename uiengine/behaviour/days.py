"""Days of a page: whole days since 1970-01-01, from midnight to midnight of its time zone.

A day of the night in which clocks change has 23 or 25 hours; where midnight itself is left out, the
day begins at the first moment after it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

UTC_NAME = "UTC"
DAY_MS = 86_400_000
EPOCH = date(1970, 1, 1)
OF_THE_MACHINE = frozenset({"localtime", "Factory", "posixrules"})
"""Names that mean another zone on another machine, or none."""


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """The IANA names that this machine knows."""
    return frozenset(available_timezones()) - OF_THE_MACHINE | {UTC_NAME}


def day_of(milliseconds: int, zone: str) -> int:
    """The day in which a moment lies. milliseconds: since 1970, UTC; zone: an IANA name."""
    if zone == UTC_NAME:
        return milliseconds // DAY_MS
    return (_local(milliseconds, zone).date() - EPOCH).days


def day_end(milliseconds: int, zone: str) -> int:
    """When the day of a moment ends, in milliseconds since 1970, UTC."""
    if zone == UTC_NAME:
        return (milliseconds // DAY_MS + 1) * DAY_MS
    tomorrow = _local(milliseconds, zone).date() + timedelta(days=1)
    begins = datetime.combine(tomorrow, time(), ZoneInfo(zone))
    return int(begins.timestamp() * 1000)


def _local(milliseconds: int, zone: str) -> datetime:
    return datetime.fromtimestamp(milliseconds // 1000, UTC).astimezone(ZoneInfo(zone))
