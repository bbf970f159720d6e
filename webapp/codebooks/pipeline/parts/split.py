"""Into how many parts a run's work is cut, and which shards each has."""

from __future__ import annotations

from itertools import pairwise
from math import ceil

from uiengine.behaviour.shards import SHARDS

VISITS_A_PART = 250_000
"""Visits of a part, about: some tens of seconds of work, and a few hundred MB of memory."""


def cut(visits: int) -> list[tuple[int, int]]:
    """Ranges of shards (first, first after it) for so many visits; one where these are few."""
    parts = min(max(ceil(visits / VISITS_A_PART), 1), SHARDS)
    ends = [number * SHARDS // parts for number in range(parts + 1)]
    return list(pairwise(ends))
