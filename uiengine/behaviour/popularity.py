"""The popularity of a surface's blocks over all subjects, as decayed shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

HALF_LIVES = (1.5, 5.0, 15.0)
"""Half-lives of a visit, in days."""
PERIOD_DAYS = 28
"""Days of a period, in which a person is counted once."""
NEWCOMER_VISITS = 3
"""Number of a subject's first visits to a surface, which are also counted separately."""


@dataclass(frozen=True, slots=True)
class Popularity:
    """All visits of the days before `day`, decayed to it.

    shares: per block, the decayed sum of 1 / blocks used over visits that used it; newcomers: that
    sum over subjects' first NEWCOMER_VISITS visits only; visits: decayed number of visits. All have
    one value per half-life of HALF_LIVES. people: per period of PERIOD_DAYS (day // PERIOD_DAYS),
    the number of subjects with a visit in it.
    """

    day: int = 0
    shares: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    visits: tuple[float, ...] = (0.0,) * len(HALF_LIVES)
    newcomers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    people: Mapping[int, int] = field(default_factory=dict)


def advance(popularity: Popularity, day: int) -> Popularity:
    """Decays the popularity to a later day; an earlier day changes nothing."""
    elapsed = day - popularity.day
    if elapsed <= 0:
        return popularity
    decay = [2.0 ** (-elapsed / h) for h in HALF_LIVES]
    return Popularity(
        day,
        _decayed(popularity.shares, decay),
        tuple(v * d for v, d in zip(popularity.visits, decay, strict=True)),
        _decayed(popularity.newcomers, decay),
        popularity.people,
    )


def fold_day(
    popularity: Popularity,
    day: int,
    shares: Mapping[str, float],
    visits: int,
    newcomers: Mapping[str, float] = MappingProxyType({}),
    people: int = 0,
) -> Popularity:
    """Adds a day's visits; the result is dated to the next day, from which on it may be used.

    shares: per block, the sum of 1 / blocks used over the day's visits; newcomers: that sum over
    their subjects' first NEWCOMER_VISITS visits only; people: subjects whose first visit of the
    day's period it was (`first_in_period`). A day before the popularity's own (late
    events) is added with its decay.
    """
    target = max(popularity.day, day + 1)
    base = advance(popularity, target)
    decay = [2.0 ** (-(target - day - 1) / h) for h in HALF_LIVES]
    total = tuple(v + visits * d for v, d in zip(base.visits, decay, strict=True))
    period = day // PERIOD_DAYS
    return Popularity(
        target,
        _added(base.shares, shares, decay),
        total,
        _added(base.newcomers, newcomers, decay),
        {**base.people, period: base.people.get(period, 0) + people},
    )


def first_in_period(day: int, last_day: int | None) -> bool:
    """True if a subject's visit on `day` is the first of its period. last_day: of their last visit,
    None without one."""
    return last_day is None or last_day // PERIOD_DAYS < day // PERIOD_DAYS


def _decayed(
    sums: Mapping[str, tuple[float, ...]], decay: Sequence[float]
) -> dict[str, tuple[float, ...]]:
    return {b: tuple(v * d for v, d in zip(s, decay, strict=True)) for b, s in sums.items()}


def _added(
    sums: Mapping[str, tuple[float, ...]], shares: Mapping[str, float], weight: Sequence[float]
) -> dict[str, tuple[float, ...]]:
    merged = dict(sums)
    for block_id, share in shares.items():
        old = merged.get(block_id, (0.0,) * len(HALF_LIVES))
        merged[block_id] = tuple(v + share * w for v, w in zip(old, weight, strict=True))
    return merged
