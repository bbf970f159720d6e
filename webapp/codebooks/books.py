"""Makes and keeps the books of pages: the layouts that a page may have on a day.

A worker makes them. A message only asks for one sooner than the schedule would; the rows say which
are missing.
"""

from __future__ import annotations

import gzip
import json
import logging
import time
from datetime import datetime, timedelta
from functools import lru_cache

from celery import current_app
from django.conf import settings

from uiengine.behaviour.days import day_of
from uiengine.behaviour.popularity import Popularity
from uiengine.book.book import make_book
from uiengine.book.book_json import book_hash, book_json
from uiengine.page import surface_json
from uiengine.page.surface import Surface as EngineSurface
from webapp.codebooks.models import Alias, CodebookVersion, KeptBook
from webapp.codebooks.registry import artefacts
from webapp.lib import database
from webapp.lib.times import to_milliseconds
from webapp.subjects import ahead_request
from webapp.subjects.models import ServedDecision
from webapp.surfaces import mappers
from webapp.surfaces.models import PopularityDay, Surface

log = logging.getLogger(__name__)
TASK = "codebooks.book"
INNATE = "innate"
"""Name of the version that serves a surface without a champion."""
ASKED_AGAIN = 30.0
"""Seconds after which a process asks again for a book that is still missing."""
MOST_PAGES = 32
"""Pages of which a worker remembers what their books have in common, a few MB each."""
LONGEST = timedelta(days=1)
"""How much longer than its events are taken a book is kept: a page may be a day old."""


def book_make(*, surface: Surface, now: datetime) -> KeptBook | None:
    """Makes the surface's book of today, unless it is there; None where nobody is adapted.

    The same rows make the same book, so that two workers agree.
    """
    version = version_of(surface)
    if version is None or surface.mode != Surface.Mode.LIVE:
        return None
    page = _page(json.dumps(surface.full_definition()))
    day, content = day_of(to_milliseconds(now), page.zone), str(version.manifest.get("id", ""))
    named = {"surface": surface, "content": content, "revision": page.revision, "day": day}
    known = KeptBook.objects.filter(**named).first()
    if known is not None:
        return known
    loaded = artefacts.load(version.folder, version.manifest)
    book = make_book(page, loaded, popularity_of(surface, day), day, _most())
    body = book_json(book)
    columns = {"hash": book_hash(body), "made_at": now, "body": gzip.compress(body, 9, mtime=0)}
    with database.atomic():
        kept, is_new = KeptBook.objects.get_or_create(**named, defaults=columns)
    if is_new:  # so have the day, the version or the page that people's answers are made for
        ahead_request.day_request(surface.pk)
    return kept


def books_make(*, now: datetime) -> int:
    """Makes what is missing of today; returns how many surfaces have a book."""
    made = 0
    for surface in Surface.objects.filter(mode=Surface.Mode.LIVE):
        try:
            made += book_make(surface=surface, now=now) is not None
        except Exception:  # one page must not keep the others from theirs
            log.exception("books.not_made surface=%s", surface.slug)
    return made


def books_delete(*, now: datetime) -> int:
    """Deletes books that no event names any more; returns their number."""
    before = now - timedelta(days=settings.UIENGINE_EVENT_DAYS) - LONGEST
    return KeptBook.objects.filter(made_at__lt=before).delete()[0]


def entries_served(surface: Surface) -> int:
    """The size of books where people are served by a byte, which audits then judge, too; else 0."""
    served = ServedDecision.objects.filter(profile__surface=surface).exclude(book="")
    explores = mappers.to_surface(surface).guardrails.exploration
    return 0 if explores or not served.exists() else _most()


class BookRequests:
    """Asks workers for missing books, each at most once in ASKED_AGAIN seconds."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._asked: dict[int, float] = {}

    def send(self, surface_id: int) -> None:
        """Sends the message; while the broker is away, the schedule makes the book."""
        now = time.monotonic()
        if now - self._asked.get(surface_id, -ASKED_AGAIN) < ASKED_AGAIN:
            return
        self._asked[surface_id] = now
        try:
            current_app.send_task(TASK, [surface_id])
        except Exception:
            log.warning("books.broker_unavailable", exc_info=True)


book_requests = BookRequests()


def popularity_of(surface: Surface, day: int) -> Popularity:
    """The surface's popularity at the start of a day."""
    rows = PopularityDay.objects.filter(
        surface=surface, day__lt=day, day__gte=day - mappers.POPULARITY_DAYS
    )
    return mappers.to_popularity(rows, day)


def version_of(surface: Surface) -> CodebookVersion | None:
    """The version that serves: the champion, or the innate one."""
    alias = surface.aliases.filter(name=Alias.Name.CHAMPION).select_related("version").first()
    return alias.version if alias else CodebookVersion.objects.filter(name=INNATE).first()


@lru_cache(maxsize=MOST_PAGES)
def _page(definition: str) -> EngineSurface:
    """A page by its definition, as JSON: the same object again, as it remembers which orders its
    books have (seconds of work), so that only what is the day's is made anew."""
    return surface_json.parse(json.loads(definition))


def _most() -> int:
    most: int = settings.UIENGINE_BOOK_ENTRIES
    return most
