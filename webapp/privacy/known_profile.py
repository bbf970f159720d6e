"""A person's locked profile while it is corrected: read, folded anew, written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.db.models import Max, QuerySet

from uiengine.behaviour import profile as profiles
from webapp.lib.times import to_milliseconds
from webapp.privacy.refolding import refolded
from webapp.subjects import mappers, state_cache, visit_state
from webapp.subjects.decisions import visit_id
from webapp.subjects.models import Event, Profile, Visit
from webapp.subjects.unlearned import BEHAVIOUR, Unlearned
from webapp.subjects.visit_state import FoldTarget, State
from webapp.surfaces.mappers import to_surface


@dataclass
class Known:
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


def known_read(row: Profile, now: datetime) -> Known:
    key, slug, surface = row.subject.key, row.surface.slug, to_surface(row.surface)
    gap, offset = row.surface.visit_minutes * 60_000, row.subject.clock_offset * 1000
    target = FoldTarget(surface, gap, lambda since: visit_id(key, slug, since))
    state = mappers.to_state(row)
    made = state.profile.feedback.generation + 1
    return Known(row, state, target, to_milliseconds(now) + offset, offset, made)


def known_write(known: Known) -> None:
    row, state = known.row, known.state
    state.profile.feedback.generation = known.made
    known.marks.tidy()
    row.state = visit_state.dump(state)
    row.version += 1
    until = state.last + known.target.gap - known.offset
    row.open_until = moment(until) if state.open else None
    row.save(update_fields=("state", "version", "open_until", "updated_at"))
    state_cache.forget_on_commit(row.subject.key, [row.surface.slug])


def present_visit(known: Known) -> str:
    return visit_state.current(known.state, known.target, known.here)[0]


def refold(known: Known) -> None:
    """Folds the visits that are left; what the open one shows is to be decided again."""
    state, struck = known.state, known.state.unlearned and known.state.unlearned.struck
    feedback = replace(state.profile.feedback, steps=())
    is_other = bool(struck or feedback.unexpected)
    profile = profiles.Profile(feedback=feedback, last_event=state.profile.last_event)
    state.profile = refolded(known.row, profile, decides=is_other)
    state.late = []
    if state.visit and state.visit.is_open:
        state.visit.order = ()
        state.profile.before, state.profile.sizes_before = state.profile.order, state.profile.sizes


def latest_event(row: Profile) -> datetime | None:
    events = Event.objects.filter(profile=row)
    found: datetime | None = events.aggregate(at=Max("happened_at"))["at"]
    return found


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
