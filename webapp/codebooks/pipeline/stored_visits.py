"""Stored visits as the plain rows that ml reads, without personal attributes."""

from __future__ import annotations

from collections.abc import Iterator

from webapp.subjects.models import Visit
from webapp.surfaces.models import Surface

NOBODY = ("demo:",)
"""Prefixes of keys excluded from all statistics."""


def stored_visits(surface: Surface) -> Iterator[tuple[str, str, str, str, int]]:
    """Yields (surface, user, at, block, uses) of closed visits, for blocks that the surface
    still has."""
    blocks = {block["id"] for block in surface.definition["blocks"]}
    visits = Visit.objects.filter(profile__surface=surface, is_closed=True)
    for start in NOBODY:
        visits = visits.exclude(profile__subject__key__startswith=start)
    columns = visits.values_list("profile__subject__key", "started_at", "uses")
    for key, at, uses in columns.order_by("started_at", "pk").iterator(chunk_size=5000):
        for block, count in uses.items():
            if block in blocks:
                yield surface.slug, key, at.isoformat(), block, max(int(count), 1)


def visits_count(surface: Surface) -> int:
    return Visit.objects.filter(profile__surface=surface, is_closed=True).count()
