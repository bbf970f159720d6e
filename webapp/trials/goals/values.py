"""Values of people in a trial: what each reached in the days after they came first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.db.models import Min

from webapp.codebooks.pipeline.stored_visits import NOBODY
from webapp.subjects.models import GoalEvent, Subject, Visit
from webapp.surfaces.models import Surface

AT_ONCE = 5000
"""Rows that are read at once."""


def entries(surface: Surface, since: datetime) -> Iterator[tuple[int, str, datetime]]:
    """Yields profile, subject key and time of people's first visit from `since` on, the earliest
    first. Simulated people and those of files are left out."""
    visits = Visit.objects.filter(profile__surface=surface, started_at__gte=since)
    visits = visits.exclude(order=[]).exclude(profile__subject__source=Subject.Source.SIMULATED)
    for start in NOBODY:
        visits = visits.exclude(profile__subject__key__startswith=start)
    people = visits.values_list("profile_id", "profile__subject__key")
    yield from people.annotate(first=Min("started_at")).order_by("first").iterator(AT_ONCE)


def sums(
    goal: int, window: timedelta, most: float, entered: Mapping[int, datetime]
) -> dict[int, float]:
    """Returns people's bounded sums of a goal within their window; who has none is left out.

    goal: its row's key. entered: each profile's entry.
    """
    found: dict[int, float] = defaultdict(float)
    if not entered:
        return found
    rows = GoalEvent.objects.filter(goal=goal, happened_at__gte=min(entered.values()))
    columns = rows.values_list("profile_id", "happened_at", "value")
    for profile, at, value in columns.iterator(AT_ONCE):
        entry = entered.get(profile)
        if entry is not None and entry <= at < entry + window:
            found[profile] += value
    return {profile: min(total, most) for profile, total in found.items()}
