"""The rows that say what a process serves, and whether they are as they were.

They are looked at twice a second and change a few times a day. Making models and pages of them
takes ten times as long as reading them, and requests wait meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.db.models import Model, QuerySet

from webapp.codebooks.models import Alias, CodebookVersion
from webapp.lib import database
from webapp.surfaces.models import Surface

INNATE = "innate"
"""Name of the version that serves a surface without a champion."""


def surfaces() -> QuerySet[Surface]:
    """All surfaces without their definitions, which are read where another column changed."""
    return Surface.objects.defer("definition")


def aliases() -> QuerySet[Alias]:
    """Champions and challengers with their versions."""
    found = Alias.objects.exclude(name=Alias.Name.ANCHOR).select_related("version")
    return found.defer("version__card")


def innate() -> QuerySet[CodebookVersion]:
    return CodebookVersion.objects.filter(name=INNATE).defer("card")


ALL: tuple[Callable[[], QuerySet[Any]], ...] = (surfaces, aliases, innate)


def as_stored() -> list[list[tuple[Any, ...]]]:
    """All these rows as the database gives them, to be compared with those of another time."""
    found = []
    for queryset in ALL:
        model, statement, values = _asked(queryset)
        found.append(database.rows(model, statement, values))
    return found


@lru_cache(maxsize=len(ALL))
def _asked(queryset: Callable[[], QuerySet[Any]]) -> tuple[type[Model], str, tuple[Any, ...]]:
    """The statement and its values; in an order, as a database may return rows in any."""
    ordered = queryset().order_by("pk")
    statement, values = ordered.query.get_compiler(using=ordered.db).as_sql()
    return ordered.model, statement, tuple(values)
