"""Stores visits and people of files: surfaces, subjects, profiles, popularity, attributes.

A visit is identified by its subject, surface and time in the file, so importing a file again adds
nothing. What one call stores is one transaction. Somebody who was erased, even a moment ago, is
left out with all visits before that.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from math import inf
from typing import Any

from uiengine.behaviour import profile as profiles
from uiengine.behaviour.popularity import first_in_period
from uiengine.behaviour.profile import SECONDS_PER_DAY
from webapp.lib import database
from webapp.lib.batched import batched
from webapp.lib.times import utc_now
from webapp.subjects import mappers, state_cache, unlearned, visit_state
from webapp.subjects.decisions import erasure_marks
from webapp.subjects.imports.rows import NewVisit, states_update, visits_insert
from webapp.subjects.models import Erasure, PersonalAttributes, Profile, Subject, Visit
from webapp.subjects.unlearned import is_without_profiling, may_learn
from webapp.subjects.visit_state import State
from webapp.surfaces.models import Surface
from webapp.surfaces.services import CountedVisit, DayCount, popularity_change

AT_ONCE = 2000
"""Rows per statement."""
PEOPLE_AT_ONCE = 500
"""People looked for by one statement."""
PREFIX = "file:"

Progress = Callable[[float, str], None]
Row = tuple[str, str, float, int, str, int]
"""surface, subject's key, seconds since 1970, day, block, raw uses."""
ClosedVisit = tuple[float, int, tuple[str, ...], tuple[str, ...]]
"""Seconds since 1970, day, used blocks, order as shown."""


@dataclass(frozen=True)
class FileVisit:
    """A visit read from a file. id: derived from the time in the file, not the moved time."""

    id: str
    seconds: float
    day: int
    uses: dict[str, int]


@dataclass
class Imported:
    """Counts of what an import added; all zero where everything was known.

    new: keys of subjects that it created.
    """

    subjects: int = 0
    profiles: int = 0
    visits: int = 0
    uses: int = 0
    known_visits: int = 0
    erased_visits: int = 0
    attributes: int = 0
    new: set[str] = field(default_factory=set)

    def counts(self) -> dict[str, int]:
        return {name: count for name, count in asdict(self).items() if name != "new"}


@dataclass
class Tally:
    """What an import writes once, at its end: popularity, whose rows are locked last and in order.

    days: by the surface's id and the day; keys: by slug, the subjects whom caches must forget.
    """

    days: dict[tuple[int, int], DayCount] = field(default_factory=lambda: defaultdict(DayCount))
    keys: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def write(self) -> None:
        for (surface_id, day), count in sorted(self.days.items()):
            popularity_change(surface_id, day, count)
        for slug, keys in self.keys.items():
            state_cache.forget_all_on_commit(keys, slug)


@database.atomic
def visits_import(
    *,
    rows: Sequence[Row],
    source: str = Subject.Source.IMPORTED,
    days_later: int = 0,
    progress: Progress = lambda share, doing: None,
) -> Imported:
    """Adds the visits that are not known yet.

    rows: sorted by surface, key and time; every surface must exist. days_later: moves all visits
    by this many days (to demonstrate old data).
    """
    done, tally = Imported(), Tally()
    subjects = subjects_ensure({row[1] for row in rows}, source, done)
    kept = _of_the_not_erased(rows, subjects, done)
    surfaces = {s.slug: s for s in Surface.objects.filter(slug__in={row[0] for row in kept})}
    start = 0
    for slug, group in groupby(kept, key=lambda row: row[0]):
        part = list(group)
        share, width = start / len(kept), len(part) / len(kept)

        def show(s: float, doing: str, share: float = share, width: float = width) -> None:
            progress(share + width * s, doing)

        _import_surface(surfaces[slug], _histories(part, days_later), subjects, done, tally, show)
        start += len(part)
    tally.write()
    return done


def _of_the_not_erased(
    rows: Sequence[Row], subjects: dict[str, Subject], done: Imported
) -> list[Row]:
    """Leaves out visits from before their subject was erased, and counts them."""
    erased = erased_at(subjects)
    kept = [row for row in rows if row[2] > erased.get(row[1], -inf)]
    done.erased_visits = len({row[:3] for row in rows}) - len({row[:3] for row in kept})
    unneeded_delete(erased.keys() - {row[1] for row in kept}, done)
    return kept


def erased_at(keys: Iterable[str]) -> dict[str, float]:
    """When (seconds since 1970) those of the keys were erased that were.

    Ask after `subjects_ensure`, whose locks every later erasure waits for.
    """
    marks = {mark: key for key in keys for mark in erasure_marks(key)}
    erased: dict[str, float] = {}
    for part in batched(marks, PEOPLE_AT_ONCE):
        found = Erasure.objects.filter(mark__in=part)
        for mark, at in found.values_list("mark", "last_at"):
            erased[marks[mark]] = at.timestamp()
    return erased


def subjects_ensure(keys: Collection[str], source: str, done: Imported) -> dict[str, Subject]:
    """The subjects of the keys, locked until the transaction ends; missing ones are created."""
    known = subjects_by_keys(keys)
    new = [_subject(key, source) for key in sorted(keys) if key not in known]
    Subject.objects.bulk_create(new, batch_size=AT_ONCE, ignore_conflicts=True)
    done.subjects += len(new)
    done.new.update(row.key for row in new)
    found: dict[str, Subject] = {}
    ids = sorted(row.pk for row in (subjects_by_keys(keys) if new else known).values())
    locked = Subject.objects.select_for_update(no_key=True).order_by("pk")
    for part in batched(ids, PEOPLE_AT_ONCE):
        found |= {row.key: row for row in locked.filter(pk__in=part)}
    return found


def unneeded_delete(keys: Iterable[str], done: Imported) -> None:
    """Takes back subjects that were created for rows that are left out."""
    for part in batched(done.new.intersection(keys), PEOPLE_AT_ONCE):
        empty = Subject.objects.filter(key__in=part, profiles=None, ties=None)
        done.subjects -= empty.delete()[0]


def _subject(key: str, source: str) -> Subject:
    return Subject(key=key, source=source if key.startswith(PREFIX) else Subject.Source.LIVE)


def subjects_by_keys(keys: Iterable[str]) -> dict[str, Subject]:
    """The subjects that exist, by key."""
    found: dict[str, Subject] = {}
    for part in batched(keys, PEOPLE_AT_ONCE):
        found |= {row.key: row for row in Subject.objects.filter(key__in=part)}
    return found


def _histories(rows: Iterable[Row], days_later: int) -> dict[str, list[FileVisit]]:
    """Visits by subject's key, in time order."""
    histories: dict[str, list[FileVisit]] = defaultdict(list)
    for (key, seconds, day), group in groupby(rows, key=lambda row: (row[1], row[2], row[3])):
        uses = {block: count for _s, _u, _t, _d, block, count in group}
        name = hashlib.sha256(f"{PREFIX}{seconds:.3f}".encode()).hexdigest()[:32]
        moved = seconds + days_later * SECONDS_PER_DAY
        histories[key].append(FileVisit(name, moved, day + days_later, uses))
    return histories


def _import_surface(
    surface: Surface,
    histories: Mapping[str, list[FileVisit]],
    subjects: Mapping[str, Subject],
    done: Imported,
    tally: Tally,
    progress: Progress,
) -> None:
    stored = profiles_ensure(surface, [subjects[key].pk for key in histories], done)
    known = _known_visits(row.pk for row in stored.values() if row.state)
    added: list[NewVisit] = []
    changed: list[Profile] = []
    for done_people, (key, history) in enumerate(histories.items()):
        row = stored[subjects[key].pk]
        fresh = [visit for visit in history if visit.id not in known.get(row.pk, ())]
        done.known_visits += len(history) - len(fresh)
        fresh = _learnable(row, fresh)
        last_day = _last_day(row)
        if fresh:
            added += [NewVisit(row.pk, v.id, v.seconds, v.day, v.uses) for v in fresh]
            row.state = _folded(row, fresh, has_visits=row.pk in known)
            changed.append(row)
        for number, visit in enumerate(fresh, start=len(known.get(row.pk, ()))):
            is_first = first_in_period(visit.day, last_day)
            tally.days[surface.pk, visit.day].add(CountedVisit(number, visit.uses, is_first))
            last_day = max(visit.day, last_day or 0)
        if done_people % 50 == 0:
            progress(0.5 * done_people / len(histories), f"{surface.slug}: folding")
    _write(surface, added, changed, progress)
    done.visits += len(added)
    done.uses += sum(len(visit.uses) for visit in added)
    tally.keys[surface.slug] += [row.subject.key for row in changed]


def _learnable(row: Profile, visits: Sequence[FileVisit]) -> list[FileVisit]:
    """The visits without what their person struck out or wants forgotten; none of somebody who
    chose the order without profiling."""
    if is_without_profiling(row.state):
        return []
    known = unlearned.load((row.state or {}).get("unlearned"))
    if known is None:
        return list(visits)
    found = []
    for visit in visits:
        at = round(visit.seconds * 1000)
        uses = {b: n for b, n in visit.uses.items() if may_learn(known, b, at)}
        found += [replace(visit, uses=uses)] if uses else []
    return found


def profiles_ensure(
    surface: Surface, subjects: Sequence[int], done: Imported
) -> dict[int, Profile]:
    """Locked profiles on the surface by subject; missing ones are created."""
    known = _profiles(surface, subjects)
    new = [Profile(subject_id=pk, surface=surface) for pk in subjects if pk not in known]
    Profile.objects.bulk_create(new, batch_size=AT_ONCE)
    done.profiles += len(new)
    locked: dict[int, Profile] = {}
    rows = Profile.objects.select_for_update(of=("self",)).select_related("subject").order_by("pk")
    ids = sorted((_profiles(surface, subjects) if new else known).values())
    for part in batched(ids, PEOPLE_AT_ONCE):
        locked |= {row.subject_id: row for row in rows.filter(pk__in=part)}
    return locked


def _profiles(surface: Surface, subjects: Iterable[int]) -> dict[int, int]:
    """The ids of the profiles that exist, by subject."""
    mine, found = Profile.objects.filter(surface=surface), dict[int, int]()
    for part in batched(subjects, PEOPLE_AT_ONCE):
        found |= mine.filter(subject__in=part).values_list("subject", "pk")
    return found


def _known_visits(profiles: Iterable[int]) -> dict[int, set[str]]:
    known: dict[int, set[str]] = defaultdict(set)
    for part in batched(profiles, PEOPLE_AT_ONCE):
        rows = Visit.objects.filter(profile__in=part).values_list("profile_id", "visit")
        for profile_id, visit in rows.iterator():
            known[profile_id].add(visit)
    return known


def _last_day(row: Profile) -> int | None:
    """The day of the last visit that the profile holds; None without one."""
    profile = mappers.to_state(row).profile
    return profile.last_day if profile.visits else None


def _folded(row: Profile, fresh: Sequence[FileVisit], *, has_visits: bool) -> dict[str, Any]:
    """The state with the new visits; if older visits lie between them, all are refolded in
    order."""
    state = mappers.to_state(row) if row.state else State()
    history: list[ClosedVisit] = [(v.seconds, v.day, tuple(v.uses), ()) for v in fresh]
    if has_visits and state.profile.visits and fresh[0].seconds <= state.profile.last_event:
        closed = Visit.objects.filter(profile=row, is_closed=True)
        earlier = closed.values_list("started_at", "day", "uses", "order")
        history += [(at.timestamp(), day, tuple(u), tuple(order)) for at, day, u, order in earlier]
        return visit_state.dump(refolded(row, history))
    return visit_state.dump(_fold(state, history))


def refolded(row: Profile, history: Iterable[ClosedVisit]) -> State:
    """The row's state with its visits folded anew; feedback and an open visit stay."""
    state = mappers.to_state(row) if row.state else State()
    kept = state.profile
    state.profile = profiles.Profile(feedback=kept.feedback)
    if state.visit:  # of events on the page itself; times of files are all in `history`
        state.profile.last_event = kept.last_event
    state.profile.order, state.profile.before = kept.order, kept.before
    return _fold(state, history)


def _fold(state: State, history: Iterable[ClosedVisit]) -> State:
    shown = state.profile.order, state.profile.before
    for seconds, day, blocks, order in sorted(history):
        profiles.fold_visit(state.profile, day, blocks, order)
        state.profile.last_event = max(state.profile.last_event, seconds)
    if any(shown):  # no visit of a file showed a layout later than those of the live profile
        state.profile.order, state.profile.before = shown
    return state


def _write(
    surface: Surface,
    added: Sequence[NewVisit],
    changed: Sequence[Profile],
    progress: Progress,
) -> None:
    for start in range(0, len(added), AT_ONCE):
        visits_insert(added[start : start + AT_ONCE])
        progress(0.5 + 0.4 * start / len(added), f"{surface.slug}: writing visits")
    states_update({row.pk: row.state for row in changed})
    progress(1.0, f"{surface.slug}: done")


@database.atomic
def people_import(*, people: Iterable[Mapping[str, str]], note: str) -> int:
    """Adds attributes of people whose visits were imported; returns the number of changed rows.

    people: one mapping per person with `key`, optionally `surface`, and attributes; an empty
    attribute is unknown.
    """
    rows = [dict(person) for person in people]
    subjects = subjects_by_keys(person["key"] for person in rows)
    surfaces = dict(Surface.objects.values_list("slug", "pk"))
    stored = _attributes(row.pk for row in subjects.values())
    new, changed, now = [], [], utc_now()
    for person in rows:
        subject = subjects.get(person.pop("key"))
        slug = person.pop("surface", "")
        if subject is None or (slug and slug not in surfaces):
            continue
        values = {name: value for name, value in person.items() if value}
        surface_id = surfaces[slug] if slug else None
        known = stored.get((subject.pk, surface_id))
        if known is None:
            new.append(
                PersonalAttributes(
                    subject=subject,
                    surface_id=surface_id,
                    values=values,
                    consented_at=now,
                    consent_note=note[:200],
                )
            )
        elif known.values != values:
            known.values, known.consented_at, known.consent_note = values, now, note[:200]
            changed.append(known)
    PersonalAttributes.objects.bulk_create(new, batch_size=AT_ONCE)
    columns = ("values", "consented_at", "consent_note")
    PersonalAttributes.objects.bulk_update(changed, columns, batch_size=500)
    return len(new) + len(changed)


def _attributes(subjects: Iterable[int]) -> dict[tuple[int, int | None], PersonalAttributes]:
    found = {}
    for part in batched(subjects, PEOPLE_AT_ONCE):
        for row in PersonalAttributes.objects.filter(subject__in=part):
            found[row.subject_id, row.surface_id] = row
    return found
