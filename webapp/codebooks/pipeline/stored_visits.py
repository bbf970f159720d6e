"""Stored visits as the plain rows that ml reads, without personal attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Max, QuerySet

from webapp.subjects.models import Visit
from webapp.surfaces.models import Surface

NOBODY = ("demo:",)
"""Prefixes of keys excluded from all statistics."""


def stored_visits(surface: Surface) -> Iterator[tuple[str, str, str, str, int, int]]:
    """Yields (surface, user, at, block, uses, day) of closed visits, for blocks that the surface
    still has."""
    blocks = {block["id"] for block in surface.definition["blocks"]}
    visits = _of_somebody(surface).filter(is_closed=True)
    columns = visits.values_list("profile__subject__key", "started_at", "uses", "day")
    for key, at, uses, day in columns.order_by("started_at", "pk").iterator(chunk_size=5000):
        for block, count in uses.items():
            if block in blocks:
                yield surface.slug, key, at.isoformat(), block, max(int(count), 1), day


def visits_count(surface: Surface) -> int:
    return Visit.objects.filter(profile__surface=surface, is_closed=True).count()


def visits_seen(surface: Surface) -> dict[str, int]:
    """What `is_anything_new` compares with later: the newest visit, and how many were open."""
    rows = _of_somebody(surface)
    newest = rows.aggregate(newest=Max("pk"))["newest"] or 0
    return {"newest": newest, "open": rows.filter(pk__lte=newest, is_closed=False).count()}


def is_anything_new(surface: Surface, seen: Mapping[str, Any]) -> bool:
    """Returns True if visits were closed since `visits_seen`, however many were deleted since."""
    if "newest" not in seen:
        return True
    rows = _of_somebody(surface)
    if rows.filter(pk__gt=seen["newest"], is_closed=True).exists():
        return True
    still_open = rows.filter(pk__lte=seen["newest"], is_closed=False).count()
    return still_open < int(seen["open"])


def _of_somebody(surface: Surface) -> QuerySet[Visit]:
    rows = Visit.objects.filter(profile__surface=surface)
    for start in NOBODY:
        rows = rows.exclude(profile__subject__key__startswith=start)
    return rows
