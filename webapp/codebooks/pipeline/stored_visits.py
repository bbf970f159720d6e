"""Stored visits as the plain rows that ml reads, without personal attributes."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from webapp.lib.batched import batched
from webapp.subjects.models import Profile, Visit
from webapp.surfaces.models import Surface

NOBODY = ("demo:",)
"""Prefixes of keys excluded from all statistics."""
PEOPLE_AT_ONCE = 100
"""Profiles whose visits are read together."""


def stored_visits(
    surface: Surface, shards: range | None = None, newest: int | None = None
) -> Iterator[tuple[str, str, str, str, int, int]]:
    """Yields (surface, user, at, block, uses, day) of closed visits, for blocks that the surface
    still has; by shard, then by person and time. Memory does not grow with the visits.

    shards: only of people in these; None: of everybody. newest: the largest primary key; None: any.
    No query is open while rows are yielded: SQLite refuses to write beside one that is.
    """
    blocks = {block["id"] for block in surface.definition["blocks"]}
    for some in batched(_profiles_by_shard(surface, shards), PEOPLE_AT_ONCE):
        for key, visits in _visits_of(some, newest):
            for at, uses, day in visits:
                for block, count in uses.items():
                    if block in blocks:
                        yield surface.slug, key, at.isoformat(), block, max(int(count), 1), day


def _profiles_by_shard(surface: Surface, shards: range | None) -> Iterator[int]:
    """Yields primary keys, 8 bytes of memory each; those without a shard come first."""
    of_shard: dict[int, array[int]] = defaultdict(lambda: array("q"))
    rows = Profile.objects.filter(surface=surface).order_by("pk")
    if shards is not None:
        rows = rows.filter(subject__shard__gte=shards.start, subject__shard__lt=shards.stop)
    for shard, pk in rows.values_list("subject__shard", "pk").iterator(chunk_size=5000):
        of_shard[-1 if shard is None else shard].append(pk)
    for shard in sorted(of_shard):
        yield from of_shard[shard]


def _visits_of(
    profiles: list[int], newest: int | None
) -> list[tuple[str, list[tuple[datetime, Any, int]]]]:
    """Returns the keys and closed visits of these people, without NOBODY's."""
    keys = dict(Profile.objects.filter(pk__in=profiles).values_list("pk", "subject__key"))
    found: dict[int, list[tuple[datetime, Any, int]]] = {
        pk: [] for pk in profiles if pk in keys and not keys[pk].startswith(NOBODY)
    }
    rows = Visit.objects.filter(profile__in=list(found), is_closed=True)
    if newest is not None:
        rows = rows.filter(pk__lte=newest)
    columns = rows.values_list("profile_id", "started_at", "uses", "day")
    for pk, at, uses, day in columns.order_by("started_at", "pk"):
        found[pk].append((at, uses, day))
    return [(keys[pk], visits) for pk, visits in found.items()]


def visits_count(surface: Surface) -> int:
    return Visit.objects.filter(profile__surface=surface, is_closed=True).count()


def visits_seen(surface: Surface) -> dict[str, int]:
    """What `is_anything_new` compares with later: the newest visit, and how many were open."""
    rows = _of_somebody(surface)
    newest = rows.order_by("-pk").values_list("pk", flat=True).first() or 0  # Max would read all
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
