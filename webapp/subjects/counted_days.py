"""Popularity that folding adds, gathered so that its rows are locked last and in one order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from uiengine.behaviour.popularity import first_in_period
from webapp.subjects.models import Profile
from webapp.subjects.visit_events import LiveVisit
from webapp.surfaces.services import CountedVisit, popularity_add


class CountedDays:
    """Closed visits by surface and day."""

    def __init__(self) -> None:
        self._days: dict[tuple[int, int], list[CountedVisit]] = defaultdict(list)

    def add(
        self,
        row: Profile,
        closed: Iterable[tuple[int, LiveVisit]],
        today: int,
        last_day: int | None,
    ) -> None:
        """Counts a visit on its own day, or today if that day is over.

        Past days do not change, so decisions based on them can be repeated. A person counts in the
        period of a visit that is counted in it. last_day: of the last visit counted before.
        """
        for number, visit in closed:
            if visit.uses:
                day = max(visit.day, today)
                is_new = first_in_period(visit.day, last_day)
                is_first = is_new and not first_in_period(day, visit.day)
                counted = CountedVisit(number, visit.uses, is_first)
                self._days[row.surface_id, day].append(counted)
                last_day = visit.day

    def join(self, other: CountedDays) -> None:
        for day, visits in other._days.items():
            self._days[day] += visits

    def write(self) -> None:
        """Adds all to the days' rows. Must be called inside a transaction, as its last lock."""
        for (surface_id, day), visits in sorted(self._days.items()):
            popularity_add(surface_id, day, visits)
