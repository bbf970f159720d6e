"""Subjects and their profiles as rows: those that files name are found or created, and locked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from webapp.lib.batched import batched
from webapp.subjects.decisions import erasure_marks
from webapp.subjects.imports.rows import AT_ONCE
from webapp.subjects.imports.tally import Imported
from webapp.subjects.models import Erasure, Profile, Subject
from webapp.surfaces.models import Surface

PEOPLE_AT_ONCE = 500
"""People looked for by one statement."""
PREFIX = "file:"
"""Begins the key of a subject that only files name."""


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
