"""Stores visits of files, which name a subject, a surface and blocks.

A visit is identified by its subject, surface and time in the file, so importing a file again adds
nothing. What one call stores is one transaction. Somebody who was erased, even a moment ago, is
left out with all visits before that.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from math import inf
from typing import Any

from uiengine.behaviour.popularity import first_in_period
from uiengine.behaviour.profile import SECONDS_PER_DAY
from webapp.lib import database
from webapp.lib.batched import batched
from webapp.lib.progress import Progress
from webapp.subjects import mappers, unlearned, visit_state
from webapp.subjects.imports.folding import ClosedVisit, FileVisit, folded, refolded
from webapp.subjects.imports.rows import AT_ONCE, NewVisit, states_update, visits_insert
from webapp.subjects.imports.subject_rows import (
    PEOPLE_AT_ONCE,
    PREFIX,
    erased_at,
    profiles_ensure,
    subjects_ensure,
    unneeded_delete,
)
from webapp.subjects.imports.tally import Imported, Tally
from webapp.subjects.models import Profile, Subject, Visit
from webapp.subjects.unlearned import is_without_profiling, may_learn
from webapp.subjects.visit_state import State
from webapp.surfaces.models import Surface
from webapp.surfaces.services import CountedVisit

Row = tuple[str, str, float, int, str, int]
"""surface, subject's key, seconds since 1970, day, block, raw uses."""


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
            row.state = _state(row, fresh, has_visits=row.pk in known)
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


def _state(row: Profile, fresh: Sequence[FileVisit], *, has_visits: bool) -> dict[str, Any]:
    """The state with the new visits; if older visits lie between them, all are refolded in
    order."""
    state = mappers.to_state(row) if row.state else State()
    history: list[ClosedVisit] = [(v.seconds, v.day, tuple(v.uses), ()) for v in fresh]
    if has_visits and state.profile.visits and fresh[0].seconds <= state.profile.last_event:
        closed = Visit.objects.filter(profile=row, is_closed=True)
        earlier = closed.values_list("started_at", "day", "uses", "order")
        history += [(at.timestamp(), day, tuple(u), tuple(order)) for at, day, u, order in earlier]
        return visit_state.dump(refolded(row, history))
    return visit_state.dump(folded(state, history))


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
