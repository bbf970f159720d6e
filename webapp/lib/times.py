"""Converts times of the database to milliseconds and whole UTC days.

Days of a page are those of its zone: `uiengine.behaviour.days`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from uiengine.behaviour.profile import SECONDS_PER_DAY


def to_milliseconds(at: datetime) -> int:
    """Milliseconds since 1970, UTC."""
    return round(at.timestamp() * 1000)


def to_day(milliseconds: int) -> int:
    """Returns whole UTC days since 1970."""
    return milliseconds // (SECONDS_PER_DAY * 1000)


def utc_now() -> datetime:
    """Aware, whatever USE_TZ and TIME_ZONE the host sets."""
    return timezone.now().astimezone(UTC)


def as_utc(value: Any) -> Any:
    """A naive time is of the system's zone, which Django sets to TIME_ZONE; None stays None."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value
