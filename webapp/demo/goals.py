"""The demo's one goal: what the bank's team counts beside uses. Elsewhere none is declared."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from webapp.surfaces.models import Goal, Surface

BANK = "bank"
TITLE = gettext_noop("Payments sent")


def goal_declare() -> None:
    """Declares it for the bank's page, unless the page has goals or is missing."""
    surface = Surface.objects.filter(slug=BANK, goals=None).first()
    if surface is not None:
        Goal.objects.create(surface=surface, name="payment", title=TITLE, most=5.0)


def goals_of(key: str, slug: str) -> list[dict[str, Any]]:
    """The page's goals, with how often this person reached each."""
    mine = Count("events", filter=Q(events__profile__subject__key=key))
    rows = Goal.objects.filter(surface__slug=slug).annotate(mine=mine).order_by("place", "pk")
    return [{"name": row.name, "title": _(row.title), "count": row.mine} for row in rows]
