"""Into how many parts a run's work is cut, and which shards each has."""

from __future__ import annotations

from math import ceil

from uiengine.behaviour.shards import shard_ranges

VISITS_A_PART = 250_000
"""Visits of a part, about: some tens of seconds of work, and a few hundred MB of memory."""
REPLAYED_A_PART = 20_000
"""Visits of a part that replays them, about: a minute of work for two or three versions."""


def cut(visits: int) -> list[tuple[int, int]]:
    """Ranges of shards (first, first after it) for so many visits; one where these are few."""
    return _ranges(ceil(visits / VISITS_A_PART))


def cut_to_replay(visits: int) -> list[tuple[int, int]]:
    """As `cut`, for work that takes longer a visit."""
    return _ranges(ceil(visits / REPLAYED_A_PART))


def _ranges(wanted: int) -> list[tuple[int, int]]:
    return [(shards.start, shards.stop) for shards in shard_ranges(wanted)]
