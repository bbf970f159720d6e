"""Takes the last seven days out of a profile, as of somebody who was not there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.db.models import Max, Q

from webapp.lib.times import to_milliseconds
from webapp.privacy import imported_past
from webapp.privacy.known_profile import Known, latest_event, moment, present_visit, refold
from webapp.subjects.models import Event, GoalEvent, ServedDecision, Visit
from webapp.subjects.visit_events import LiveVisit

WEEK = timedelta(days=7)


def week_forget(known: Known) -> None:
    """Deletes what was learned in the last seven days.

    Also the visit that the week begins in the middle of. A quiet visit stays quiet.
    """
    is_quiet = present_visit(known) in known.marks.visits
    since = known.here - round(WEEK.total_seconds() * 1000)
    gone = _visits_since(known, since)
    since = min([since, *(to_milliseconds(visit.started_at) for visit in gone)])
    names = [visit.visit for visit in gone]
    events = Event.objects.filter(profile=known.row)
    events.filter(Q(happened_at__gte=moment(since)) | Q(visit__in=names)).delete()
    known.visits.filter(visit__in=names).delete()
    GoalEvent.objects.filter(profile=known.row, happened_at__gte=moment(since)).delete()
    unused = ServedDecision.objects.filter(profile=known.row, events=None, visits=None)
    received = moment(since - known.offset)
    unused.filter(drawn_visits=None, received_at__gte=received).delete()
    imported_past.forget(known.row, since)
    known.marks.spans.append((since, known.here, known.made))
    _rewind(known)
    if is_quiet:
        known.marks.visits.append(present_visit(known))


def _visits_since(known: Known, since: int) -> list[Visit]:
    """The visits that began since then, and the one that went on until then."""
    at = moment(since)
    begun = list(known.visits.filter(started_at__gte=at))
    last = known.visits.filter(started_at__lt=at).order_by("started_at", "pk").last()
    if last is not None:
        later = Event.objects.filter(profile=known.row, visit=last.visit, happened_at__gte=at)
        is_within = imported_past.is_within_visit(known.row, since, known.target.gap)
        begun += [last] if later.exists() or is_within else []
    return begun


def _rewind(known: Known) -> None:
    """The state of somebody who made only the visits that are left; wishes stay."""
    state, row = known.state, known.row
    feedback = replace(state.profile.feedback, override=(), override_visit="")
    closed = known.visits.filter(is_closed=True)
    state.profile.feedback = feedback
    state.visit = None
    refold(known)
    last = closed.exclude(decision=None).select_related("decision").order_by("started_at", "pk")
    if (visit := last.last()) is not None and visit.decision is not None:
        started, since = to_milliseconds(visit.started_at), visit.decision.since
        order, uses = tuple(visit.order), dict(visit.uses)
        state.visit = LiveVisit(visit.visit, since, visit.day, started, order, uses, False)
        state.visit.decision = visit.decision_id
    latest = latest_event(row) or closed.aggregate(at=Max("started_at"))["at"]
    state.profile.last_event = to_milliseconds(latest) / 1000 if latest else 0.0
