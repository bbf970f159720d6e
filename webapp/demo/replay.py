"""Replays one person's visits: rebuilds the page before each from the stored visits.

Each visit stores the order it was shown. Imported visits lack it: `history_write` lets the engine
decide each of them in turn, as if they had been made on this page, and stores the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from uiengine.behaviour import profile as profiles
from uiengine.behaviour.profile import Profile
from webapp.layouts.answer import read
from webapp.layouts.answer.context import DecisionContext
from webapp.lib import database
from webapp.serving.pages import Page, serving
from webapp.subjects import mappers, state_cache, visit_state
from webapp.subjects.models import Profile as ProfileRow
from webapp.subjects.models import Visit
from webapp.subjects.visit_state import State


@dataclass(frozen=True)
class Moment:
    """A page before one of the visits. number: visits before it. of: number of visits."""

    number: int
    of: int
    at: datetime
    used: tuple[str, ...]
    context: DecisionContext


def visits(key: str, slug: str) -> QuerySet[Visit]:
    """Returns the closed visits in time order."""
    rows = Visit.objects.filter(profile__subject__key=key, profile__surface__slug=slug)
    return rows.filter(is_closed=True).order_by("started_at", "pk")


def moment(*, key: str, slug: str, number: int) -> Moment | None:
    """Returns the page before visit `number` (from 0); None where there is no such visit."""
    page, rows = serving.page(slug), list(visits(key, slug))
    if page is None or not 0 <= number < len(rows):
        return None
    profile = Profile()
    for row in rows[:number]:
        profiles.fold_visit(profile, row.day, tuple(row.uses), tuple(row.order))
    row = rows[number]
    found = _before(key, page, profile, row)
    return Moment(number, len(rows), row.started_at, tuple(row.uses), found)


@database.atomic
def history_write(*, key: str, slug: str) -> int:
    """Stores the order that each imported visit would have shown; returns the number of visits.

    Does nothing and returns 0 where an order is stored already or no version serves.
    """
    page, rows = serving.page(slug), list(visits(key, slug))
    if page is None or page.version is None or any(row.order for row in rows):
        return 0
    profile = Profile()
    for row in rows:
        decision, _ = read.decide(_before(key, page, profile, row))
        row.order = list(decision.layout.order)
        profiles.fold_visit(profile, row.day, tuple(row.uses), tuple(row.order))
    Visit.objects.bulk_update(rows, ["order"])
    stored = ProfileRow.objects.select_for_update().get(subject__key=key, surface__slug=slug)
    profile.last_event = mappers.to_state(stored).profile.last_event
    stored.state, stored.version = visit_state.dump(State(profile)), stored.version + 1
    stored.save()
    state_cache.forget_on_commit(key, [slug])
    return len(rows)


def _before(key: str, page: Page, profile: Profile, row: Visit) -> DecisionContext:
    budget = settings.UIENGINE_BUDGET
    return DecisionContext(key, page, profile, row.visit, since=0, day=row.day, budget=budget)
