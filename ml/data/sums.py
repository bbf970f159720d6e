"""What everybody did on a page, as sums: made per shard of people and added in any order.

They are all that one person's walk through the past needs of others: the popularity of a page on a
day, its priors and its default order. Shares are whole numbers of 1 / UNIT, so that additions are
exact and no order of shards changes a bit.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from ml.data.histories import RecordedVisit
from uiengine.behaviour.popularity import (
    NEWCOMER_VISITS,
    Popularity,
    first_in_period,
    fold_day,
)
from uiengine.page.surface import Surface

UNIT = 1 << 40
"""A visit's share of 1 as a whole number; a third is off by less than 1e-12."""
DIGITS = 6
"""Decimals of a version's priors."""


@dataclass
class Sums:
    """Counts by (surface, day) and, per block, by (surface, day, block).

    visits: number of visits; newcomers: of those among their person's first NEWCOMER_VISITS.
    people: persons whose first visit of the day's period it was. shares, newcomer_shares: in
    1 / UNIT, per block. uses: visits that used the block.
    """

    visits: Counter[tuple[str, int]] = field(default_factory=Counter)
    newcomers: Counter[tuple[str, int]] = field(default_factory=Counter)
    people: Counter[tuple[str, int]] = field(default_factory=Counter)
    shares: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    newcomer_shares: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    uses: Counter[tuple[str, int, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, visits: Iterable[RecordedVisit]) -> Sums:
        """Counts visits: all of a person's, in time order."""
        found, last = cls(), dict[tuple[str, str], int]()
        for visit in visits:
            found._count(visit, last.get((visit.surface, visit.user)))
            last[visit.surface, visit.user] = visit.day
        return found

    def _count(self, visit: RecordedVisit, last_day: int | None) -> None:
        at = visit.surface, visit.day
        is_new, share = visit.number < NEWCOMER_VISITS, round(UNIT / len(visit.blocks))
        self.visits[at] += 1
        self.newcomers[at] += is_new
        self.people[at] += first_in_period(visit.day, last_day)
        for block in visit.blocks:
            self.shares[*at, block] += share
            self.uses[*at, block] += 1
            if is_new:
                self.newcomer_shares[*at, block] += share

    def add(self, others: Sums) -> None:
        """Adds the counts of other people."""
        self.visits.update(others.visits)
        self.newcomers.update(others.newcomers)
        self.people.update(others.people)
        self.shares.update(others.shares)
        self.newcomer_shares.update(others.newcomer_shares)
        self.uses.update(others.uses)

    @property
    def surfaces(self) -> list[str]:
        return sorted({surface for surface, _ in self.visits})

    def mean_shares(self) -> dict[str, dict[str, tuple[float, float]]]:
        """Returns each block's mean share over all visits and over newcomers', per surface.

        A block's share of a visit is 1 / (number of used blocks) if it was used, else 0.
        """
        visits, newcomers = _over_days(self.visits), _over_days(self.newcomers)
        shares, of_newcomers = _over_days(self.shares), _over_days(self.newcomer_shares)
        found: dict[str, dict[str, tuple[float, float]]] = {slug: {} for slug in self.surfaces}
        for (slug, block), share in sorted(shares.items()):
            everyone = round(share / UNIT / visits[(slug,)], DIGITS)
            new = of_newcomers[slug, block] / UNIT / max(newcomers[(slug,)], 1)
            found[slug][block] = (everyone, round(new, DIGITS))
        return found

    def default_orders(self, surfaces: Mapping[str, Surface]) -> dict[str, list[str]]:
        """Returns the blocks of each surface by falling number of visits, ties alphabetical."""
        uses = _over_days(self.uses)
        return {
            slug: sorted((b.id for b in surfaces[slug].blocks), key=lambda b: (-uses[slug, b], b))
            for slug in self.surfaces
            if slug in surfaces
        }

    def popularity(self) -> dict[str, PopularityByDay]:
        """Returns the popularity of each surface on any day."""
        return {slug: PopularityByDay(self, slug) for slug in self.surfaces}

    def before_days(self) -> dict[tuple[str, int], Popularity]:
        """Returns the popularity before each day with visits: what a walk needs of others."""
        known = self.popularity()
        return {(slug, day): known[slug].before(day) for slug, day in sorted(self.visits)}


class PopularityByDay:
    """The popularity of a page before any day, made from sums once."""

    def __init__(self, sums: Sums, surface: str) -> None:
        self._days = sorted(day for slug, day in sums.visits if slug == surface)
        shares, newcomers = (
            _by_day(counts, surface) for counts in (sums.shares, sums.newcomer_shares)
        )
        row = Popularity()
        self._before = [row]
        for day in self._days:
            at = surface, day
            of_day = shares.get(day, {}), sums.visits[at], newcomers.get(day, {}), sums.people[at]
            row = fold_day(row, day, *of_day)
            self._before.append(row)

    def before(self, day: int) -> Popularity:
        """Returns the popularity over all days before `day`."""
        return self._before[bisect_left(self._days, day)]


def mean_shares(visits: Sequence[RecordedVisit]) -> dict[str, dict[str, tuple[float, float]]]:
    """`Sums.mean_shares` of these visits, which are in time order."""
    return Sums.of(visits).mean_shares()


def default_orders(
    visits: Sequence[RecordedVisit], surfaces: Mapping[str, Surface]
) -> dict[str, list[str]]:
    """`Sums.default_orders` of these visits, which are in time order."""
    return Sums.of(visits).default_orders(surfaces)


def _over_days(counts: Mapping[Any, int]) -> Counter[tuple[str, ...]]:
    """Adds up the days: counts by surface, or by surface and block."""
    found: Counter[tuple[str, ...]] = Counter()
    for (surface, _, *block), count in counts.items():
        found[(str(surface), *map(str, block))] += count
    return found


def _by_day(
    counts: Mapping[tuple[str, int, str], int], surface: str
) -> dict[int, dict[str, float]]:
    """Returns shares per block by day, of one surface."""
    here = sorted((day, block, n) for (slug, day, block), n in counts.items() if slug == surface)
    days = groupby(here, key=lambda row: row[0])
    return {day: {block: n / UNIT for _, block, n in rows} for day, rows in days}
