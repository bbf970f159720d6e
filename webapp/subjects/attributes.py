"""People's attributes, in the form that an audit reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from webapp.subjects.models import PersonalAttributes
from webapp.surfaces.models import Surface

USUAL = ("gender", "age_band", "disability")
"""Attributes by which the studio splits the use of codes."""


def people_of(surface: Surface, by: Sequence[str]) -> list[dict[str, str]]:
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
    return [
        {"user": key, "surface": surface.slug, **{name: str(v.get(name, "")) for name in by}}
        for key, v in sorted(merged.items())
    ]


def attributes_known(surface: Surface) -> list[str]:
    """Names of the attributes of the surface's subjects, the most common first."""
    rows = PersonalAttributes.objects.filter(
        Q(surface=surface) | Q(surface=None), subject__profiles__surface=surface
    )
    names = Counter(name for values in rows.values_list("values", flat=True) for name in values)
    return [name for name, _ in sorted(names.items(), key=lambda item: (-item[1], item[0]))]
