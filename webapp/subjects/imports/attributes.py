"""Stores attributes of people whom a file describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from webapp.lib import database
from webapp.lib.batched import batched
from webapp.lib.times import utc_now
from webapp.subjects.imports.rows import AT_ONCE
from webapp.subjects.imports.subject_rows import PEOPLE_AT_ONCE, subjects_by_keys
from webapp.subjects.imports.tally import Imported
from webapp.subjects.models import PersonalAttributes
from webapp.surfaces.models import Surface


@database.atomic
def people_import(*, people: Iterable[Mapping[str, str]], note: str, done: Imported) -> None:
    """Adds attributes of people whose visits were imported; counts the others.

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
            done.people_without_visits += 1
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
    done.attributes += len(new) + len(changed)


def _attributes(subjects: Iterable[int]) -> dict[tuple[int, int | None], PersonalAttributes]:
    found = {}
    for part in batched(subjects, PEOPLE_AT_ONCE):
        for row in PersonalAttributes.objects.filter(subject__in=part):
            found[row.subject_id, row.surface_id] = row
    return found
