"""The policy of popularity: one order for everybody on a day, by what others used before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from ml.data.histories import RecordedVisit
from ml.evaluation.shown import Policy, Shown
from uiengine.behaviour.popularity import Popularity, fold_day
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface


def popular(others: Sequence[RecordedVisit], days: Collection[int], surface: Surface) -> Policy:
    """others: visits of people who are not judged, in order of time. days: of judged visits."""
    orders = _orders(others, days, surface)
    return lambda requests: [Shown(orders[request.day]) for request in requests]


def _orders(
    others: Sequence[RecordedVisit], days: Collection[int], surface: Surface
) -> dict[int, tuple[str, ...]]:
    """By day, the blocks by their share of visits on all days before, recent ones counting more.

    A block's sum is `Popularity`'s at the longest half-life; ties stand as on today's page.
    """
    today = default_order(surface)
    shares: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for visit in others:
        for block in visit.blocks:
            shares[visit.day][block] += 1 / len(visit.blocks)
    found, past, counted = dict[int, tuple[str, ...]](), Popularity(), sorted(shares, reverse=True)
    for day in sorted(days):
        while counted and counted[-1] < day:
            past = fold_day(past, counted[-1], shares[counted.pop()], 0)
        sums = {block: -held[-1] for block, held in past.shares.items()}
        found[day] = tuple(sorted(today, key=lambda block: sums.get(block, 0.0)))
    return found
