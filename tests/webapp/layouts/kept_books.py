"""Books for tests: a day's book of the course's page is made once for all tests of a run."""

from __future__ import annotations

import json

from django.utils import timezone

from webapp.codebooks import books
from webapp.codebooks.models import KeptBook
from webapp.surfaces.models import Surface

MADE: dict[tuple[str, int, int, str], dict[str, object]] = {}


def book_of_today(surface: Surface) -> KeptBook:
    """Keeps the book that a worker makes of a page without popularity."""
    now = timezone.now()
    page = json.dumps(surface.definition, sort_keys=True)  # two edits may have one number
    key = (surface.slug, surface.revision, now.toordinal(), page)
    if key in MADE:
        return KeptBook.objects.create(surface=surface, **MADE[key])
    made = books.book_make(surface=surface, now=now)
    assert made is not None
    MADE[key] = {
        f.name: getattr(made, f.name) for f in made._meta.fields if f.name not in ("id", "surface")
    }
    return made
