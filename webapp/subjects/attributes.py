"""People's attributes, in the form that an audit reads. Every reading of values is written down."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Q

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


class Reading(NamedTuple):
    """Who asks for attributes, and why; it is kept in the log. who: empty for the schedule."""

    who: str
    why: str


def people_of(surface: Surface, by: Sequence[str], reading: Reading) -> list[dict[str, str]]:
    """Returns a dict per subject with consented attributes: user, surface, and those in `by`.

    Attributes given for this surface take precedence over those given for all surfaces.
    """
    rows = PersonalAttributes.objects.filter(
        Q(surface=surface) | Q(surface=None), subject__profiles__surface=surface
    ).select_related("subject")
    merged: dict[str, dict[str, Any]] = {}
    for row in rows.order_by("surface_id"):
        mine = merged.setdefault(row.subject.key, {})
        mine.update(row.values if row.surface_id else {**row.values, **mine})
    people = [
        {"user": key, "surface": surface.slug, **{name: str(v.get(name, "")) for name in by}}
        for key, v in sorted(merged.items())
    ]
    reading_record(reading, surface.slug, by, people)
    return people


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
    rows = PersonalAttributes.objects.filter(
        Q(surface=surface) | Q(surface=None), subject__profiles__surface=surface
    )
    names = Counter(name for values in rows.values_list("values", flat=True) for name in values)
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
