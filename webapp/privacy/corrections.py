"""Corrects what a page knows of a person, as if it had never been: at once, and for good.

The profile is folded anew from the visits that stay, so the person's next layout is that of
somebody who never did what was struck out. Rows that held it go: events, uses of visits, codes of
decisions, profiles that layouts were drawn by. Marks (`Unlearned`) keep it from being learned
again. Sums over people (popularity of past days) stay, as they name nobody; versions that were
trained with it are marked for retraining.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import Max, Q, QuerySet

from uiengine.behaviour import profile as profiles
from webapp.codebooks.pipeline.kept_visits import snapshots_drop
from webapp.codebooks.registry import training_record
from webapp.lib import database
from webapp.lib.times import to_milliseconds, utc_now
from webapp.privacy import imported_past
from webapp.privacy.refolding import refolded
from webapp.subjects import mappers, state_cache, visit_state
from webapp.subjects.decisions import visit_id
from webapp.subjects.fold_worker import profile_fold
from webapp.subjects.locks import people_lock
from webapp.subjects.models import (
    Event,
    GoalEvent,
    Profile,
    ServedDecision,
    Subject,
    Visit,
)
from webapp.subjects.unlearned import BEHAVIOUR, Unlearned
from webapp.subjects.visit_state import FoldTarget, LiveVisit, State
from webapp.surfaces.mappers import to_surface
from webapp.surfaces.models import Surface

WEEK = timedelta(days=7)


class Act(StrEnum):
    """strike, restore: what the page holds true of a block; quiet, learn: whether it learns from
    the present visit; forget_week: all of the last seven days."""

    STRIKE = "strike"
    RESTORE = "restore"
    QUIET = "quiet"
    LEARN = "learn"
    FORGET_WEEK = "forget_week"


class About(StrEnum):
    """use: what the person used; expected: what others' use makes the page expect."""

    USE = "use"
    EXPECTED = "expected"


@dataclass(frozen=True)
class Correction:
    act: Act
    about: About = About.USE
    block: str = ""


@dataclass
class _Known:
    """The locked row and its state. here: now in ms, by the person's clock; offset: how far that is
    ahead; made: the generation that this correction makes."""

    row: Profile
    state: State
    target: FoldTarget
    here: int
    offset: int
    made: int

    @property
    def marks(self) -> Unlearned:
        self.state.unlearned = self.state.unlearned or Unlearned()
        return self.state.unlearned

    @property
    def visits(self) -> QuerySet[Visit]:
        return Visit.objects.filter(profile=self.row)

    @property
    def behaviour(self) -> QuerySet[Event]:
        """Stored events of blocks that are no wishes."""
        return Event.objects.filter(profile=self.row, kind__in=BEHAVIOUR).exclude(block="")


@database.atomic
def profile_correct(
    *, key: str, user_id: str | None, surface: Surface, correction: Correction, now: datetime
) -> None:
    """Corrects the profile under the lock that all writes of a person take.

    Pending events are folded first, so they are corrected as well. Idempotent.
    """
    locked = Subject.objects.select_for_update()  # waits for an erasure under way
    subject, _ = locked.get_or_create(key=key, defaults={"user_id": user_id})
    pk = Profile.objects.get_or_create(subject=subject, surface=surface)[0].pk
    people_lock([key])
    profile_fold(profile_id=pk, now=now)
    known = _read(Profile.objects.select_related("subject", "surface").get(pk=pk), now)
    has_removed = _ACTS[correction.act](known, correction)
    _write(known)
    if has_removed:
        subject.rehearsed_weeks.all().delete()
        snapshots_drop()
        training_record.trained_versions_mark(key=key, now=now)


def struck_again(row: Profile) -> None:
    """Takes out of a profile what its marks leave out, after another was merged into it."""
    known = _read(row, utc_now())
    if known.state.unlearned is None:
        return
    for block in known.state.unlearned.struck:
        _unlearn(known, block)
    _refold(known)
    _write(known)


def _read(row: Profile, now: datetime) -> _Known:
    key, slug, surface = row.subject.key, row.surface.slug, to_surface(row.surface)
    gap, offset = row.surface.visit_minutes * 60_000, row.subject.clock_offset * 1000
    target = FoldTarget(surface, gap, lambda since: visit_id(key, slug, since))
    state = mappers.to_state(row)
    made = state.profile.feedback.generation + 1
    return _Known(row, state, target, to_milliseconds(now) + offset, offset, made)


def _write(known: _Known) -> None:
    row, state = known.row, known.state
    state.profile.feedback.generation = known.made
    oldest = timedelta(days=settings.UIENGINE_EVENT_DAYS + 1)
    known.marks.prune(known.here - round(oldest.total_seconds() * 1000))
    row.state = visit_state.dump(state)
    row.version += 1
    until = state.last + known.target.gap - known.offset
    row.open_until = _moment(until) if state.open else None
    row.save(update_fields=("state", "version", "open_until", "updated_at"))
    state_cache.forget_on_commit(row.subject.key, [row.surface.slug])


def _strike(known: _Known, correction: Correction) -> bool:
    block = correction.block
    if correction.about == About.EXPECTED:
        feedback = known.state.profile.feedback
        feedback.unexpected = tuple(sorted({*feedback.unexpected, block}))
        has_removed = False
    else:
        known.marks.blocks[block] = None
        has_removed = _unlearn(known, block)
    _refold(known)
    return has_removed


def _restore(known: _Known, correction: Correction) -> bool:
    block, feedback = correction.block, known.state.profile.feedback
    if correction.about == About.EXPECTED:
        feedback.unexpected = tuple(b for b in feedback.unexpected if b != block)
    elif block in known.marks.struck:
        known.marks.blocks[block] = (known.here, known.made)
    return False


def _quiet(known: _Known, correction: Correction) -> bool:
    """Takes out what this visit has taught, none of which counts before it closes."""
    visit = visit_state.current(known.state, known.target, known.here)[0]
    if visit not in known.marks.visits:
        known.marks.visits.append(visit)
    known.behaviour.filter(visit=visit).delete()
    known.visits.filter(visit=visit).update(uses={}, drawn=None, before=None, reward=None)
    if known.state.open:
        known.state.open.uses = {}
        known.state.open.drawn = known.state.open.before = None
    return False


def _learn(known: _Known, correction: Correction) -> bool:
    visit = visit_state.current(known.state, known.target, known.here)[0]
    known.marks.visits = [v for v in known.marks.visits if v != visit]
    return False


def _forget_week(known: _Known, correction: Correction) -> bool:
    """Also the visit that the week begins in the middle of."""
    since = known.here - round(WEEK.total_seconds() * 1000)
    gone = _visits_since(known, since)
    since = min([since, *(to_milliseconds(visit.started_at) for visit in gone)])
    names = [visit.visit for visit in gone]
    events = Event.objects.filter(profile=known.row)
    events.filter(Q(happened_at__gte=_moment(since)) | Q(visit__in=names)).delete()
    known.visits.filter(visit__in=names).delete()
    GoalEvent.objects.filter(profile=known.row, happened_at__gte=_moment(since)).delete()
    unused = ServedDecision.objects.filter(profile=known.row, events=None, visits=None)
    received = _moment(since - known.offset)
    unused.filter(drawn_visits=None, received_at__gte=received).delete()
    imported_past.forget(known.row, since)
    known.marks.spans.append((since, known.here, known.made))
    known.marks.visits = [v for v in known.marks.visits if v not in names]
    _rewind(known)
    return True


def _visits_since(known: _Known, since: int) -> list[Visit]:
    """The visits that began since then, and the one that went on until then."""
    at = _moment(since)
    begun = list(known.visits.filter(started_at__gte=at))
    last = known.visits.filter(started_at__lt=at).order_by("started_at", "pk").last()
    if last is not None:
        later = Event.objects.filter(profile=known.row, visit=last.visit, happened_at__gte=at)
        is_within = imported_past.is_within_visit(known.row, since, known.target.gap)
        begun += [last] if later.exists() or is_within else []
    return begun


def _rewind(known: _Known) -> None:
    """The state of somebody who made only the visits that are left; wishes stay."""
    state, row = known.state, known.row
    feedback = replace(state.profile.feedback, override=(), override_visit="")
    closed = known.visits.filter(is_closed=True)
    state.profile.feedback = feedback
    _refold(known)
    state.visit = None
    last = closed.exclude(decision=None).select_related("decision").order_by("started_at", "pk")
    if (visit := last.last()) is not None and visit.decision is not None:
        started, since = to_milliseconds(visit.started_at), visit.decision.since
        order, uses = tuple(visit.order), dict(visit.uses)
        state.visit = LiveVisit(visit.visit, since, visit.day, started, order, uses, False)
        state.visit.decision = visit.decision_id
    latest = _latest_event(row) or closed.aggregate(at=Max("started_at"))["at"]
    state.profile.last_event = to_milliseconds(latest) / 1000 if latest else 0.0


def _unlearn(known: _Known, block: str) -> bool:
    """Takes a block's use out of rows and state. Returns True if there was any in closed visits."""
    known.behaviour.filter(block=block).delete()
    imported_past.strike(known.row, block)
    ServedDecision.objects.filter(profile=known.row).update(tokens=[])
    drawn = known.visits.filter(before__isnull=False)
    drawn.update(drawn=None, before=None, reward=None)
    used = list(known.visits.filter(uses__has_key=block))
    for visit in used:
        del visit.uses[block]
    Visit.objects.bulk_update(used, ["uses"], batch_size=500)
    state, kept = known.state, known.state.profile
    if state.visit:
        state.visit.uses.pop(block, None)
        state.visit.drawn = state.visit.before = None
    latest = _latest_event(known.row)
    if latest is not None:  # what was deleted may have been the last
        kept.last_event = to_milliseconds(latest) / 1000
    state.late = [late for late in state.late if late[0] != block]
    return bool(used) or block in kept.blocks


def _refold(known: _Known) -> None:
    """Folds the visits that are left; what the open one shows is to be decided again."""
    state, struck = known.state, known.state.unlearned and known.state.unlearned.struck
    feedback = replace(state.profile.feedback, steps=())
    is_other = bool(struck or feedback.unexpected)
    profile = profiles.Profile(feedback=feedback, last_event=state.profile.last_event)
    state.profile = refolded(known.row, profile, decides=is_other)
    state.late = []
    if state.visit and state.visit.is_open:
        state.visit.order = ()


def _latest_event(row: Profile) -> datetime | None:
    found: datetime | None = Event.objects.filter(profile=row).aggregate(at=Max("happened_at"))[
        "at"
    ]
    return found


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


_ACTS: dict[Act, Callable[[_Known, Correction], bool]] = {
    Act.STRIKE: _strike,
    Act.RESTORE: _restore,
    Act.QUIET: _quiet,
    Act.LEARN: _learn,
    Act.FORGET_WEEK: _forget_week,
}
