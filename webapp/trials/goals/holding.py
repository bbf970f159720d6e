"""Goals are copied into a trial when it begins, and held as they are until it ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from webapp.surfaces.models import Goal, Surface
from webapp.trials.goals.compare import declaration


def goals_hold(surface: Surface, since: datetime) -> list[dict[str, Any]]:
    """Returns the declared goals, the primary one first, and lets nobody change them.

    Must be called inside the transaction that begins the trial.
    """
    rows = Goal.objects.select_for_update().filter(surface=surface).order_by("place", "pk")
    declared = [declaration(goal) for goal in rows]
    Goal.objects.filter(surface=surface).update(held_since=since)
    return declared


def goals_free(surface: Surface) -> None:
    """Lets the team change its goals again."""
    Goal.objects.filter(surface=surface).update(held_since=None)
