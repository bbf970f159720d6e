"""The one order in which rows of people are locked, so that nobody waits in a circle.

Subjects by id, then their profiles by id, then what belongs to profiles: decisions, visits, events.
Popularity, training records and pipelines come last.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from webapp.subjects.models import Profile, Subject


def people_lock(keys: Iterable[str]) -> dict[str, Subject]:
    """Locks the subjects and all their profiles until the transaction ends.

    Returns those that exist, by key.
    """
    rows = Subject.objects.select_for_update().filter(key__in=list(keys)).order_by("pk")
    found = {row.key: row for row in rows}
    profiles_lock(Profile.objects.filter(subject__in=[row.pk for row in found.values()]))
    return found


def profiles_lock(profiles: QuerySet[Profile]) -> list[Any]:
    """Locks the profiles until the transaction ends; returns their ids in order."""
    rows = profiles.select_for_update(of=("self",)).order_by("pk")
    return list(rows.values_list("pk", flat=True))
