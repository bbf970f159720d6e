"""Converts rows of surfaces and their popularity to engine values."""

from __future__ import annotations

from collections.abc import Iterable

from uiengine.behaviour import popularity
from uiengine.behaviour.popularity import Popularity
from uiengine.page import surface_json
from uiengine.page.surface import Surface
from webapp.surfaces import models as surfaces

POPULARITY_DAYS = 120
"""Days of popularity rows that are read; an older visit weighs less than 2^(−120/15)."""


def to_surface(row: surfaces.Surface) -> Surface:
    return surface_json.parse(row.full_definition())


def to_popularity(rows: Iterable[surfaces.PopularityDay], day: int) -> Popularity:
    """The surface's popularity at the start of `day`, from the rows of earlier days."""
    total = Popularity()
    for row in sorted(rows, key=lambda r: r.day):
        if row.day < day:
            total = popularity.fold_day(
                total, row.day, row.shares, row.visits, row.newcomers, row.people
            )
    return popularity.advance(total, day)
