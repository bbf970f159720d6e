"""Moves a profile's rows to another profile that may already hold some of them.

A person who signs in, out and in again may return as one visitor. Then both profiles hold a
visit, a decision or an event, and the two rows become one.
"""

from __future__ import annotations

from webapp.subjects.models import Event, GoalEvent, Profile, ServedDecision, Visit


def rows_move(source: Profile, target: Profile) -> dict[int | None, int]:
    """Moves visits, decisions, events and goals, and closes visits.

    Must be called inside a transaction. Returns the decisions that both profiles had: the source's
    row, and the target's replacing it.
    """
    same = _decisions_move(source, target)
    _visits_move(source, target)
    known = set(Event.objects.filter(profile=target).values_list("event_id", "at"))
    mine = Event.objects.filter(profile=source).values_list("pk", "event_id", "at")
    twice = [pk for pk, event_id, at in mine if (event_id, at) in known]
    Event.objects.filter(pk__in=twice).delete()
    Event.objects.filter(profile=source).update(profile=target)
    _goals_move(source, target)
    return same


def _goals_move(source: Profile, target: Profile) -> None:
    """An id that both sent, before and after signing in, stays counted once."""
    known = set(GoalEvent.objects.filter(profile=target).values_list("goal_id", "event_id"))
    mine = GoalEvent.objects.filter(profile=source).values_list("pk", "goal_id", "event_id")
    twice = [pk for pk, goal, event_id in mine if (goal, event_id) in known]
    GoalEvent.objects.filter(pk__in=twice).delete()
    GoalEvent.objects.filter(profile=source).update(profile=target)


def _decisions_move(source: Profile, target: Profile) -> dict[int | None, int]:
    known = dict(ServedDecision.objects.filter(profile=target).values_list("digest", "pk"))
    both = ServedDecision.objects.filter(profile=source, digest__in=known)
    same: dict[int | None, int] = {row.pk: known[row.digest] for row in both}
    for one, other in same.items():
        Event.objects.filter(decision=one).update(decision=other)
        Visit.objects.filter(decision=one).update(decision=other)
        Visit.objects.filter(drawn=one).update(drawn=other)
    both.delete()
    ServedDecision.objects.filter(profile=source).update(profile=target)
    return same


def _visits_move(source: Profile, target: Profile) -> None:
    known = {visit.visit: visit for visit in Visit.objects.filter(profile=target)}
    for row in Visit.objects.filter(profile=source, visit__in=known):
        kept = known[row.visit]
        kept.uses = {b: kept.uses.get(b, 0) + row.uses.get(b, 0) for b in {*kept.uses, *row.uses}}
        kept.started_at = min(kept.started_at, row.started_at)
        kept.save(update_fields=("uses", "started_at"))
        row.delete()
    Visit.objects.filter(profile=source).update(profile=target)
    Visit.objects.filter(profile=target, is_closed=False).update(is_closed=True)
