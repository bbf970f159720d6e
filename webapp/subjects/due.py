"""Folds what is due without a message: visits that are over, and events whose message was lost.

Workers take it by ranges of shards. A profile that another worker has locked is passed over, so on
PostgreSQL nobody waits for anybody and nothing is folded twice; a killed worker leaves its profiles
as due as they were. On SQLite writers take turns.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db.models import Q, QuerySet

from uiengine.behaviour.shards import SHARDS
from uiengine.page.surface import Surface
from webapp.lib import database
from webapp.subjects import ahead_request
from webapp.subjects.counted_days import CountedDays
from webapp.subjects.fold_worker import AT_ONCE as EVENTS_AT_ONCE
from webapp.subjects.fold_worker import locked_fold, profile_fold
from webapp.subjects.models import Event, Profile
from webapp.surfaces.mappers import to_surface

log = logging.getLogger(__name__)
AT_ONCE = 20
"""Profiles folded in one transaction, which waits for the row of the day's popularity once."""
AT_MOST = 500
"""Profiles of one call: some seconds, in which other messages wait."""
RANGES = 16
"""Parts that the shards are handed out in: so many workers can take part."""

Shards = range


def shard_ranges() -> list[Shards]:
    size = SHARDS // RANGES
    return [range(first, first + size) for first in range(0, SHARDS, size)]


def due_count(*, now: datetime, most: int) -> int:
    """Counts profiles whose visit is over and events whose message was lost, up to `most`."""
    over = Profile.objects.filter(open_until__lt=now).order_by()[:most].count()
    return over + _stale(now).order_by()[:most].count()


def due_fold(*, shards: Shards, now: datetime) -> int:
    """Folds profiles of these shards that are due, AT_MOST of each kind; returns their number."""
    lost = _fold_all(Q(pk__in=_stale(now).values("profile")), shards, now)
    return lost + visits_close(shards=shards, now=now)


def visits_close(*, shards: Shards, now: datetime) -> int:
    """Closes at most AT_MOST visits that are over; returns their number."""
    return _fold_all(Q(open_until__lt=now), shards, now)


def _fold_all(is_due: Q, shards: Shards, now: datetime) -> int:
    rows = Profile.objects.filter(is_due, _in(shards)).order_by("open_until", "pk")
    failed: list[int] = []
    done, count = 0, AT_ONCE
    while done < AT_MOST and count == AT_ONCE:
        count = _some_fold(rows.exclude(pk__in=failed), now, failed)
        done += count
    return done


def _stale(now: datetime) -> QuerySet[Event]:
    return Event.objects.filter(fold=Event.Fold.PENDING, lease_until__lt=now)


def _in(shards: Shards) -> Q:
    """Those of the shards; without a shard are rows of an earlier release."""
    mine = Q(subject__shard__gte=shards.start, subject__shard__lt=shards.stop)
    return mine | Q(subject__shard=None) if shards.start == 0 else mine


def _some_fold(due: QuerySet[Profile], now: datetime, failed: list[int]) -> int:
    """Folds AT_ONCE profiles in one transaction, each by itself: what fails stops no other one."""
    more, closed, pages = list[int](), list[int](), dict[int, Surface]()
    with database.atomic():
        counted = CountedDays()
        free = due.select_for_update(of=("self",), skip_locked=True)
        rows = list(free.select_related("subject", "surface")[:AT_ONCE])
        for row in rows:
            own = CountedDays()
            try:
                if row.surface_id not in pages:
                    pages[row.surface_id] = to_surface(row.surface)
                with database.atomic():
                    events = locked_fold(row, pages[row.surface_id], now, own)
            except Exception:
                log.exception("subjects.fold_failed profile=%s", row.pk)
                failed.append(row.pk)
                continue
            counted.join(own)
            more += [row.pk] if events == EVENTS_AT_ONCE else []
            closed += [row.pk] if row.open_until is None else []
        counted.write()
    ahead_request.answers_request(closed)
    for pk in more:
        profile_fold(profile_id=pk, now=now)
    return len(rows)
