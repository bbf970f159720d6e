"""What people reached of a surface's goals, as audits compare it by slice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from webapp.subjects.models import GoalEvent
from webapp.surfaces.models import Surface

AT_ONCE = 5000
"""Rows that are read at once."""


def goals_reached(surface: Surface, now: datetime, shards: range) -> Iterator[dict[str, Any]]:
    """Yields fields of `ml.audit.goals.AuditedGoal`, the primary goal first.

    Events from the goal's declaration on count, no older than events are kept for. shards: of the
    people whose events are read.
    """
    kept = now - timedelta(days=surface.event_days)
    for goal in surface.goals.order_by("place", "pk"):
        since = max(goal.declared_at, kept)
        rows = GoalEvent.objects.filter(
            goal=goal,
            happened_at__gte=since,
            profile__subject__shard__gte=shards.start,
            profile__subject__shard__lt=shards.stop,
        )
        columns = rows.order_by("pk").values_list("profile__subject__key", "happened_at", "value")
        yield {
            "surface": surface.slug,
            "name": goal.name,
            "title": goal.title,
            "unit": goal.unit,
            "most": goal.most,
            "since": since,
            "events": list(columns.iterator(AT_ONCE)),
        }
