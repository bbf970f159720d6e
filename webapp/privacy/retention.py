"""Deletes rows past their retention time.

Small batches keep locks short; in PostgreSQL, events that no surface keeps go with their month
(see `partitions`).
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Max, Q, QuerySet

from webapp.codebooks.pipeline.kept_visits import snapshots_expire
from webapp.lib import database
from webapp.subjects import partitions, state_cache
from webapp.subjects.locks import profiles_lock
from webapp.subjects.models import Event, GoalEvent, Profile, ServedDecision, Subject
from webapp.surfaces.models import Surface

AT_ONCE = 1000
"""Rows per transaction."""


def retention_apply(*, surface: Surface, now: datetime) -> dict[str, int]:
    """Deletes a surface's old rows and returns their number by kind.

    Profiles already contain the folded events, so deleting events does not reset anyone's layout.
    """
    done: Counter[str] = Counter()
    done["events"] = _delete_events(_old_events(surface, now))
    done["goals"] = _delete(_old_goals(surface, now))
    done["snapshots"] = snapshots_expire(surface=surface, now=now)
    done["decisions"] = _delete_decisions(surface, now)
    if surface.idle_days:
        since = now - timedelta(days=surface.idle_days)
        after = 0
        while gone := _delete_idle(surface, since, after):
            done["profiles"] += len(gone)
            after = gone[-1]
        # A subject without profiles or user holds nothing else.
        alone = Subject.objects.filter(profiles=None, user=None, created_at__lt=since)
        done["subjects"] = _delete(alone)
    return dict(done)


def months_renew(*, now: datetime) -> dict[str, list[str]]:
    """Makes the coming months' partitions, and drops those that no surface keeps any more.

    An event of a dropped month is too old to be accepted again, so none counts twice.
    """
    made = partitions.months_make(now=now)
    days = _longest()
    over = partitions.months_drop(before=now - timedelta(days=days)) if days else []
    return {"made": made, "dropped": over}


def _longest() -> int:
    """The longest retention of events among all surfaces, in days; 0 without surfaces."""
    return Surface.objects.aggregate(most=Max("event_days"))["most"] or 0


def _old_events(surface: Surface, now: datetime) -> QuerySet[Event]:
    """Old events, except those in a partition that is dropped later."""
    until = now - timedelta(days=surface.event_days)
    folded = Event.objects.filter(profile__surface=surface, fold=Event.Fold.FOLDED)
    old = folded.filter(received_at__lt=until)
    month = partitions.month_waiting(until) if surface.event_days >= _longest() else None
    return old.exclude(at__gte=month.start, at__lt=month.end) if month else old


def _old_goals(surface: Surface, now: datetime) -> QuerySet[GoalEvent]:
    """Goals as old as events may get. Those that a trial under way counts stay until it ends."""
    old = GoalEvent.objects.filter(goal__surface=surface)
    old = old.filter(received_at__lt=now - timedelta(days=surface.event_days))
    return old.filter(Q(goal__held_since=None) | Q(happened_at__lt=F("goal__held_since")))


def _delete_events(old: QuerySet[Event]) -> int:
    """Goes on from the last arrival, as those that another surface keeps would be passed again."""
    total, since = 0, None
    while True:
        rest = old.filter(received_at__gte=since) if since else old
        some = list(rest.order_by("received_at").values_list("pk", "received_at")[:AT_ONCE])
        if not some:
            return total
        since = some[-1][1]
        total += _delete(old.filter(pk__in=[pk for pk, _ in some]))


def _delete_decisions(surface: Surface, now: datetime) -> int:
    """Walks from the first row to those that are too young, as keys grow with time."""
    until = now - timedelta(days=surface.decision_days)
    total = after = 0
    while True:
        rows = ServedDecision.objects.filter(pk__gt=after).order_by("pk")
        some = list(rows.values_list("pk", "received_at")[:AT_ONCE])
        old = [pk for pk, received_at in some if received_at < until]
        if not old:
            return total
        after = some[-1][0]
        total += _delete(_free_decisions(surface).filter(pk__in=old))


def _free_decisions(surface: Surface) -> QuerySet[ServedDecision]:
    """Decisions that no event and no open visit refers to."""
    mine = ServedDecision.objects.filter(profile__surface=surface, events=None)
    return mine.exclude(visits__is_closed=False)


def _delete(rows: QuerySet[Any]) -> int:
    """Deletes the rows in batches with everything that depends on them; returns their number."""
    total = 0
    while pks := list(rows.values_list("pk", flat=True)[:AT_ONCE]):
        with database.atomic():
            mine = rows.model._default_manager.filter(pk__in=pks)
            if mine.model is not Subject:
                profiles_lock(Profile.objects.filter(pk__in=mine.values("profile")))
            mine.delete()
        total += len(pks)
    return total


@database.atomic
def _delete_idle(surface: Surface, since: datetime, after: int) -> list[int]:
    """Deletes idle profiles whose keys are above `after`, and returns their keys.

    They are locked and looked at again, so that one with a new event stays.
    """
    idle = Profile.objects.filter(surface=surface, updated_at__lt=since, pk__gt=after)
    waiting = Event.objects.filter(fold=Event.Fold.PENDING).values("profile")
    some = idle.exclude(pk__in=waiting).order_by("pk")[:AT_ONCE]
    rows = list(some.select_for_update(of=("self",)).select_related("subject"))
    for row in rows:
        state_cache.forget_on_commit(row.subject.key, [surface.slug])
    gone = [row.pk for row in rows]
    Profile.objects.filter(pk__in=gone, updated_at__lt=since).delete()
    return gone
