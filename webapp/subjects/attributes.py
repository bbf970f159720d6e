"""People's attributes, in the form that an audit reads. Every reading of values is written down."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db.models import Q, QuerySet

from webapp.subjects.models import (
    AttributeEnd,
    AttributeRead,
    AttributeRetention,
    PersonalAttributes,
)
from webapp.surfaces.models import Surface

USUAL = ("gender", "age_band", "disability")
"""Attributes by which the studio splits the use of codes."""
DEFAULT_DAYS = 730
"""Days that values of an attribute are kept that has no row in `AttributeRetention`."""
MOST_VALUES = 50
"""Values of an attribute that are named in the log of readings."""
SCHEDULE = "the schedule"
"""Who reads where nobody asked."""
CHUNK = 5000
"""Rows that are read together."""
Values = tuple[str | None, ...]
"""A person's values; None where none was given."""


class Reading(NamedTuple):
    """Who asks for attributes, and why; it is kept in the log. who: empty for the schedule."""

    who: str
    why: str


def people_of(surface: Surface, by: Sequence[str], reading: Reading) -> list[dict[str, str]]:
    """Returns a dict per subject with consented attributes: user, surface, and those in `by`.

    Attributes given for this surface take precedence over those given for all surfaces.
    """
    given = _given(surface, by)
    people = []
    for key in sorted(given):
        values = zip(by, given[key], strict=True)
        people.append({"user": key, "surface": surface.slug, **{n: v or "" for n, v in values}})
    reading_record(reading, surface.slug, by, people)
    return people


def _given(surface: Surface, by: Sequence[str]) -> dict[str, Values]:
    """Values by key, in the order of `by`. Equal ones are one object, as people are many."""
    found: dict[str, Values] = {}
    same: dict[Values, Values] = {}
    rows = _of_people(surface).order_by("surface_id")
    columns = rows.values_list("subject__key", "surface_id", "values")
    for key, own, row in columns.iterator(chunk_size=CHUNK):
        new = tuple(str(row[name]) if name in row else None for name in by)
        if known := found.get(key):
            first, second = (new, known) if own else (known, new)
            new = tuple(s if f is None else f for f, s in zip(first, second, strict=True))
        found[key] = same.setdefault(new, new)
    return found


def _of_people(surface: Surface) -> QuerySet[PersonalAttributes]:
    """Given for this surface or for all, by people who were on it."""
    here = Q(surface=surface) | Q(surface=None)
    return PersonalAttributes.objects.filter(here, subject__profiles__surface=surface)


def reading_record(
    reading: Reading, slug: str, by: Iterable[str], people: Sequence[Mapping[str, str]]
) -> None:
    """Writes down that these people's values were read; nothing where there are none."""
    if not people:
        return
    slices = {}
    for name in by:
        values = Counter(person.get(name, "") for person in people)
        slices[name] = sorted(value for value, _ in values.most_common(MOST_VALUES) if value)
    AttributeRead.objects.create(
        who=(reading.who or SCHEDULE)[:150],
        why=reading.why[:200],
        surface=slug,
        slices=slices,
        people=len(people),
    )


def attributes_known(surface: Surface) -> list[str]:
    """Names of the attributes of the surface's subjects, the most common first."""
    rows = _of_people(surface).values_list("values", flat=True)
    names = Counter(name for values in rows.iterator(chunk_size=CHUNK) for name in values)
    return [name for name, _ in sorted(names.items(), key=lambda item: (-item[1], item[0]))]


def days_kept() -> defaultdict[str, int]:
    """How many days after the consent the values of each attribute go."""
    rows = AttributeRetention.objects.values_list("name", "days")
    return defaultdict(lambda: DEFAULT_DAYS, rows)


def lent(surface: Surface) -> dict[str, dict[str, int]]:
    """Per attribute that people have or had: `days` that it is kept, and `gone`, how many people's
    values went by that so far."""
    days, gone = days_kept(), Counter[str]()
    ends = AttributeEnd.objects.filter(Q(surface=surface) | Q(surface=None))
    for name, people in ends.values_list("name", "people"):
        gone[name] += people
    names = sorted({*attributes_known(surface), *gone})
    return {name: {"days": days[name], "gone": gone[name]} for name in names}
