"""Stores imported events: each person's visits, profile and part in the page's popularity.

A profile keeps the events that it was imported from, so that a later import continues them: events
are united by key, cut into visits again, and what changed is written. Therefore neither order nor
repetition nor the split of an export into imports changes a profile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from uiengine.behaviour.popularity import first_in_period
from webapp.subjects import unlearned, visit_state
from webapp.subjects.imports.events.names import keys_of
from webapp.subjects.imports.events.visits import ImportedEvent, cut_visits, pack, united, unpack
from webapp.subjects.imports.folding import FileVisit, refolded
from webapp.subjects.imports.rows import AT_ONCE, NewVisit, states_update, visits_insert
from webapp.subjects.imports.subject_rows import (
    erased_at,
    profiles_ensure,
    subjects_ensure,
    unneeded_delete,
)
from webapp.subjects.imports.tally import Imported, Tally
from webapp.subjects.models import ImportedHistory, Profile, Subject, Visit
from webapp.subjects.unlearned import is_without_profiling, may_learn
from webapp.subjects.visit_state import State
from webapp.surfaces.models import Surface
from webapp.surfaces.services import CountedVisit

History = tuple[str, Sequence[ImportedEvent]]
"""A person's name in the files, and events in order of time."""


@dataclass
class Stored(Imported):
    """Counts of what was added. erased_events: left out, since their person was erased later."""

    erased_events: int = 0


@dataclass(frozen=True)
class Change:
    """A profile's imported events before and after, and the visits cut from them."""

    profile: Profile
    stored: ImportedHistory | None
    events: Sequence[ImportedEvent]
    before: Mapping[str, FileVisit]
    after: Mapping[str, FileVisit]


@dataclass(frozen=True)
class Cut:
    """How events become visits.

    days: by profile, of stored visits, which keep them whatever the zone is.
    """

    surface: Surface
    zone: str
    days: Mapping[int, Mapping[str, int]]

    def visits(self, profile: Profile, events: Sequence[ImportedEvent]) -> dict[str, FileVisit]:
        found = cut_visits(events, self.surface.visit_minutes * 60_000, self.zone)
        days = self.days.get(profile.pk, {})
        return {v.id: replace(v, day=days.get(v.id, v.day)) for v in found}


def histories_store(
    *,
    surface: Surface,
    people: Sequence[History],
    replaced: frozenset[str],
    zone: str = "",
    done: Stored,
    tally: Tally,
) -> None:
    """Stores the events of some people on a surface. Must be called inside a transaction.

    replaced: people whose events here are all there are; others' are added to those stored.
    zone: in which days of new visits are cut, instead of the surface's; known visits keep theirs.
    tally: gains what the caller writes at the end.
    """
    keys = keys_of(person for person, _ in people)
    found = subjects_ensure(keys.values(), Subject.Source.IMPORTED, done)
    people = _of_the_not_erased(people, keys, done)
    subjects = {person: found[keys[person]] for person, _ in people}
    profiles = profiles_ensure(surface, [row.pk for row in subjects.values()], done)
    kept = ImportedHistory.objects.filter(profile__in=[row.pk for row in profiles.values()])
    stored = {row.profile_id: row for row in kept}
    days = _days_of([row.pk for row in profiles.values() if row.state])
    cut = Cut(surface, zone or surface.zone, days)
    changes: list[Change] = []
    for person, events in people:
        profile = profiles[subjects[person].pk]
        change = _change(cut, profile, stored.get(profile.pk), events, person in replaced)
        if change is None:
            done.known_visits += len(cut.visits(profile, events))
        else:
            changes.append(change)
            done.known_visits += len(change.before.keys() & change.after.keys())
    _write(changes, days, done)
    for change in changes:
        _count(change, surface.pk, tally)
        tally.keys[surface.slug].append(change.profile.subject.key)


def _of_the_not_erased(
    people: Sequence[History], keys: Mapping[str, str], done: Stored
) -> list[History]:
    """Leaves out events from before their person was erased, and counts them."""
    erased = erased_at(keys.values())
    kept: list[History] = []
    for person, events in people:
        since = erased.get(keys[person], -inf)
        later = [event for event in events if event.at / 1000 > since]
        done.erased_events += len(events) - len(later)
        if later or not events:
            kept.append((person, later))
    unneeded_delete(erased.keys() - {keys[person] for person, _ in kept}, done)
    return kept


def _days_of(profiles: Sequence[int]) -> dict[int, dict[str, int]]:
    """The day that each stored visit of these profiles was counted on."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    rows = Visit.objects.filter(profile__in=profiles).values_list("profile_id", "visit", "day")
    for profile, visit, day in rows.iterator():
        found[profile][visit] = day
    return found


def _change(
    cut: Cut,
    profile: Profile,
    stored: ImportedHistory | None,
    events: Sequence[ImportedEvent],
    replace: bool,
) -> Change | None:
    """The change that new events make, or None, as for somebody without profiling."""
    if is_without_profiling(profile.state):
        return None
    old = unpack(stored.events) if stored else []
    known = unlearned.load((profile.state or {}).get("unlearned"))
    events = [e for e in events if may_learn(known, e.block, e.at)]
    new = united((), events) if replace else united(old, events)
    if new == old:
        return None
    return Change(profile, stored, new, cut.visits(profile, old), cut.visits(profile, new))


def _write(changes: Sequence[Change], days: Mapping[int, Mapping[str, int]], done: Stored) -> None:
    added: list[NewVisit] = []
    for change in changes:
        profile = change.profile
        gone = [name for name, v in change.before.items() if change.after.get(name) != v]
        if gone:
            Visit.objects.filter(profile=profile, visit__in=gone).delete()
        new = [v for name, v in change.after.items() if change.before.get(name) != v]
        added += [NewVisit(profile.pk, v.id, v.seconds, v.day, v.uses) for v in new]
        if change.before or change.after:
            profile.state = _state(change, days.get(profile.pk, ()))
        done.visits += len(change.after.keys() - change.before.keys())
        for visit in new:  # of a known visit, what it lacked
            known = change.before[visit.id].uses if visit.id in change.before else {}
            done.uses += len(visit.uses.items() - known.items())
    visits_insert(added)
    states_update({change.profile.pk: change.profile.state for change in changes})
    _keep(changes)


def _count(change: Change, surface_id: int, tally: Tally) -> None:
    """Adds the person's visits to what each day gains and loses."""
    for sign, visits in ((1, change.after), (-1, change.before)):
        before: int | None = None
        for number, visit in enumerate(visits.values()):
            counted = CountedVisit(number, visit.uses, first_in_period(visit.day, before))
            tally.days[surface_id, visit.day].add(counted, sign)
            before = visit.day


def _state(change: Change, known: Iterable[str]) -> dict[str, Any]:
    """The profile's state, folded from its imported visits and all others.

    known: the ids of its stored visits. It is {} where nothing is left, as for somebody whose
    visits turned out to be another's.
    """
    others: list[tuple[float, int, tuple[str, ...], tuple[str, ...]]] = []
    if left := set(known) - change.before.keys() - change.after.keys():
        rows = Visit.objects.filter(profile=change.profile, is_closed=True, visit__in=left)
        columns = rows.values_list("started_at", "day", "uses", "order")
        others = [(at.timestamp(), day, tuple(u), tuple(o)) for at, day, u, o in columns]
    mine = [(v.seconds, v.day, tuple(v.uses), ()) for v in change.after.values()]
    state = refolded(change.profile, [*mine, *others])
    return {} if state == State() else visit_state.dump(state)


def _keep(changes: Iterable[Change]) -> None:
    """Stores the events themselves."""
    new, known = [], []
    for change in changes:
        if change.stored is None:
            new.append(ImportedHistory(profile=change.profile, events=pack(change.events)))
        elif change.events:
            change.stored.events = pack(change.events)
            known.append(change.stored)
        else:
            change.stored.delete()
    ImportedHistory.objects.bulk_create(new, batch_size=AT_ONCE)
    ImportedHistory.objects.bulk_update(known, ("events",), batch_size=500)
