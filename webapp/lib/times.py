"""Converts times of the database to the engine's units: milliseconds and whole UTC days."""

from __future__ import annotations

from datetime import datetime

from uiengine.behaviour.profile import SECONDS_PER_DAY


def to_milliseconds(at: datetime) -> int:
    """Milliseconds since 1970, UTC."""
    return round(at.timestamp() * 1000)


def to_day(milliseconds: int) -> int:
    """Returns whole UTC days since 1970."""
    return milliseconds // (SECONDS_PER_DAY * 1000)
