"""The verdict of a rehearsal: is adapting worth it for these people, or are they too few to tell?

`worth`: the whole interval of the time saved is at or above the least share that counts.
`not_worth`: the whole interval is below it. Otherwise, and always under MIN_PEOPLE people, too few.
How many are needed is reckoned from the interval, whose width falls with the root of their number.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

LEAST_SAVED = 0.01
"""Smallest share of today's seconds whose saving counts as worth a page that moves."""
MIN_PEOPLE = 30
"""Fewest people of whom a bootstrap interval is believed."""
MOST_NEEDED = 1_000_000
"""Larger numbers of people needed are not told: the difference is then too small to matter."""


def verdict(saved: Mapping[str, Any], people: int, least: float = LEAST_SAVED) -> dict[str, Any]:
    """Returns `verdict`, `least`, and `needed`: people to judge in all, or None.

    saved: estimate and interval of the share of seconds saved.
    """
    ends, estimate = saved["interval"], saved["estimate"]
    if ends is None or estimate is None:
        return {"verdict": "too_few", "least": least, "needed": MIN_PEOPLE}
    low, high = ends
    if people >= MIN_PEOPLE and low >= least:
        return {"verdict": "worth", "least": least, "needed": None}
    if people >= MIN_PEOPLE and high < least:
        return {"verdict": "not_worth", "least": least, "needed": None}
    return {"verdict": "too_few", "least": least, "needed": _needed(low, high, estimate, people,
                                                                    least)}  # fmt: skip


def _needed(low: float, high: float, estimate: float, people: int, least: float) -> int | None:
    """People of whom the interval would no longer hold `least`, if the estimate stays."""
    gap, half = abs(estimate - least), (high - low) / 2
    if gap * (MOST_NEEDED / people) ** 0.5 <= half:
        return None
    return max(ceil(people * (half / gap) ** 2), MIN_PEOPLE, people + 1)
