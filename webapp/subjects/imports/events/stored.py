"""Events and ties that imports stored: read again, added to, and what they leave empty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf

from django.db.models import QuerySet

from webapp.lib.batched import batched
from webapp.subjects.imports.events.names import LIVE, keys_of, person_of
from webapp.subjects.imports.events.visits import ImportedEvent, unpack
from webapp.subjects.imports.rows import AT_ONCE, ties_insert
from webapp.subjects.imports.subject_rows import (
    PEOPLE_AT_ONCE,
    PREFIX,
    erased_at,
    subjects_ensure,
    unneeded_delete,
)
from webapp.subjects.imports.tally import Imported
from webapp.subjects.models import ImportedHistory, ImportedTie, Profile, Subject


def stored_events(people: Iterable[str]) -> Iterator[tuple[str, str, list[ImportedEvent]]]:
    """Surface, person and events of the named people as stored by earlier imports."""
    for part in batched(people, PEOPLE_AT_ONCE):
        rows = _histories_of(part).select_related("profile__subject", "profile__surface")
        for row in rows.iterator():
            yield row.profile.surface.slug, person_of(row.profile.subject.key), unpack(row.events)


def stored_places(people: Iterable[str]) -> set[tuple[str, str]]:
    """Surface and person of what `stored_events` would give."""
    found: set[tuple[str, str]] = set()
    for part in batched(people, PEOPLE_AT_ONCE):
        rows = _histories_of(part).values_list("profile__surface__slug", "profile__subject__key")
        found |= {(slug, person_of(key)) for slug, key in rows}
    return found


def _histories_of(people: Iterable[str]) -> QuerySet[ImportedHistory]:
    return ImportedHistory.objects.filter(profile__subject__key__in=keys_of(people).values())


def stored_ties() -> Iterable[tuple[str, str, int]]:
    """Alias, person and time (ms) of every tie of earlier imports."""
    rows = ImportedTie.objects.values_list("alias", "subject__key", "at")
    for alias, key, at in rows.iterator(chunk_size=AT_ONCE):
        yield alias, person_of(key), round(at.timestamp() * 1000)


def ties_store(ties: Sequence[tuple[str, str, int]], done: Imported) -> None:
    """Adds ties; their people become subjects, so that a tie is erased with its person.

    Ties to a file's person who is a subject of the host from now on become that subject's.
    """
    keys = keys_of(person for _, person, _ in ties)
    subjects = subjects_ensure(keys.values(), Subject.Source.IMPORTED, done)
    erased = erased_at(keys.values())
    ties = [tie for tie in ties if tie[2] / 1000 > erased.get(keys[tie[1]], -inf)]
    unneeded_delete(erased.keys() - {keys[tie[1]] for tie in ties}, done)
    rows = [(subjects[keys[person]].pk, alias, at / 1000) for alias, person, at in ties]
    live = {PREFIX + alias: subjects[keys[p]] for alias, p, _ in ties if p.startswith(LIVE)}
    former = ImportedTie.objects.filter(subject__key__in=live).select_related("subject")
    rows += [(live[t.subject.key].pk, t.alias, t.at.timestamp()) for t in former]
    former.delete()
    ties_insert(rows)


def emptied_delete(people: Iterable[str]) -> None:
    """Deletes people of files whose events all turned out to be another person's."""
    for part in batched(people, PEOPLE_AT_ONCE):
        mine = Subject.objects.filter(
            key__in=keys_of(part).values(), source=Subject.Source.IMPORTED, user=None
        )
        empty = Profile.objects.filter(imported_history=None, visits=None, events=None)
        empty.filter(subject__in=mine).delete()
        mine.filter(profiles=None, attributes=None, ties=None).delete()
