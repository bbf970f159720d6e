"""What decides a page's order, and how much each weighs: worked out with the book of a day."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from uiengine.behaviour.days import day_of
from uiengine.book.weights import effects, simulated_requests
from uiengine.explain import LEAST_PEOPLE
from uiengine.page.surface import Surface as EngineSurface
from uiengine.request import Request
from webapp.codebooks.books import popularity_of, version_of
from webapp.codebooks.models import KeptBook
from webapp.codebooks.registry import artefacts
from webapp.lib.times import to_milliseconds
from webapp.subjects import mappers
from webapp.subjects.models import Profile
from webapp.surfaces.mappers import to_surface
from webapp.surfaces.models import Surface

log = logging.getLogger(__name__)
MOST_PEOPLE = 100
"""The latest people of a page whose decisions are made again."""


def weights_make(*, now: datetime) -> int:
    """Works out what today's books lack; returns for how many."""
    made = 0
    for surface in Surface.objects.filter(mode=Surface.Mode.LIVE):
        day = day_of(to_milliseconds(now), surface.zone)
        book = surface.books.filter(day=day, revision=surface.revision, weights={}).first()
        if book is None:
            continue
        try:
            book.weights = _weights(surface, day)
        except Exception:  # one page must not keep the others from theirs
            log.exception("weights.not_made surface=%s", surface.slug)
            continue
        book.save(update_fields=("weights",))
        made += 1
    return made


def weights_of(slug: str) -> dict[str, Any]:
    """The latest of a page: `source` (people or simulated), `people`, `effects`; or empty."""
    books = KeptBook.objects.filter(surface__slug=slug).exclude(weights={})
    return books.values_list("weights", flat=True).first() or {}


def _weights(surface: Surface, day: int) -> dict[str, Any]:
    """Of the latest people, or of simulated ones where there are too few to hide one."""
    found = version_of(surface)
    assert found is not None, "a book has a version"
    version, page = artefacts.load(found.folder, found.manifest), to_surface(surface)
    popularity = popularity_of(surface, day)
    rows = Profile.objects.filter(surface=surface).order_by("-updated_at")[:MOST_PEOPLE]
    known = [_request(page, row, popularity, day) for row in rows]
    real = [r for r in known if r.profile.visits and not r.profile.feedback.plain]
    is_real = len(real) >= LEAST_PEOPLE
    requests = real if is_real else simulated_requests(page, version, popularity, day)
    shares = {name: round(share, 3) for name, share in effects(requests, version).items()}
    source = "people" if is_real else "simulated"
    return {"source": source, "people": len(requests), "effects": shares}


def _request(page: EngineSurface, row: Profile, popularity: Any, day: int) -> Request:
    return Request(page, mappers.to_state(row).profile, popularity, day, visit="now")
