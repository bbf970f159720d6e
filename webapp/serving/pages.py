"""Pages, their champions and loaded versions, read from memory without a query.

The refresher's thread re-reads surfaces and aliases, and loads new versions; a request takes the
latest snapshot. A running process loads a new version in a separate thread (`loading`). However
long that takes, other changes (a page switched off, a token revoked, another version) take effect
within a second. If a version cannot be loaded, an error is logged and the version that served
before keeps serving.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from uiengine.behaviour.days import day_of
from uiengine.behaviour.popularity import Popularity
from uiengine.errors import EngineError
from uiengine.model.prediction import Version
from uiengine.page.surface import Surface
from webapp.codebooks.models import Alias, AliasMove, CodebookVersion
from webapp.lib import times
from webapp.lib.refresher import ProcessState, Refresher, refresher
from webapp.serving import kept_surfaces, served_rows
from webapp.serving.loading import Loading, VersionLoad
from webapp.surfaces import mappers
from webapp.surfaces import models as surfaces

log = logging.getLogger(__name__)
MOST_SHARES = 20
"""Changes of a canary's share that are remembered for visits that began before them."""
FIRST_WAIT = 15.0
"""Seconds that a starting process waits for versions: half of gunicorn's timeout."""
TURN = 10.0
"""Seconds in which the refresher reads the popularity of all pages, some with each beat."""
POPULARITY_LIFETIME = 30.0
"""Seconds after which a day's popularity is read again; only an import changes a past day."""


@dataclass(frozen=True)
class Page:
    """A surface ready to be served.

    gap: ms without an event that end a visit; fingerprint: changes with every edit of the row;
    wanted: content id of the champion, which may differ from the loaded version; canary: this page
    under the challenger; shares: (since ms, percent of subjects) of the canary, the earliest first.
    A visit follows the share that held when it began.
    """

    surface_id: int
    surface: Surface
    gap: int
    version: Version | None
    fingerprint: str = ""
    control_percent: int = 0
    wanted: str = ""
    canary: Page | None = None
    shares: tuple[tuple[int, int], ...] = ()

    @cached_property
    def name(self) -> str:
        """A hash of everything that determines decisions."""
        facts = (
            self.surface.slug,
            self.surface.revision,
            self.fingerprint,
            self.gap,
            self.version.id if self.version else "",
            self.wanted,
            self.control_percent,
            self.canary.name if self.canary else "",
            self.shares,
            settings.UIENGINE_BUDGET,
        )
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]

    def serving(self, key: str, began: int) -> Page:
        """Returns the canary or the champion's page for a subject's visit.

        A hash of the subject decides, so it does not change from request to request; a visit keeps
        the share of its beginning. began: ms, on the server's clock.
        """
        canary = self.canary
        if canary is None or canary.version is None:
            return self
        share = next((share for since, share in reversed(self.shares) if since <= began), 0)
        name = f"{self.surface.slug}\n{canary.version.id}\n{key}".encode()
        return canary if int(hashlib.sha256(name).hexdigest()[:8], 16) % 100 < share else self


@dataclass(frozen=True)
class Snapshot:
    pages: Mapping[str, Page] = field(default_factory=dict)
    is_ready: bool = False


class Serving(ProcessState):
    """The snapshot of this process, renewed by the refresher's thread."""

    def __init__(self, refresher: Refresher) -> None:
        self.refresher = refresher
        self._lock = threading.Lock()
        self.clear()
        refresher.register(self)

    def clear(self) -> None:
        self._loading = Loading(done=self.refresher.hurry)
        self._snapshot = Snapshot()
        self._pid = 0
        self._wait_until = 0.0
        self._kept_at = -math.inf
        self._stored: list[Any] | None = None
        self._parsed: dict[tuple[str, int, str], Surface] = {}
        self._popular: dict[tuple[int, int], tuple[float, Popularity]] = {}

    def pause(self) -> None:
        self._pid = 0

    def page(self, slug: str) -> Page | None:
        return self.snapshot().pages.get(slug)

    def snapshot(self) -> Snapshot:
        """Returns the snapshot; only the first call in a process reads the database."""
        if not settings.UIENGINE_REFRESH_MS:
            self.refresh()
        elif not self._snapshot.is_ready or self._pid != os.getpid():
            self._begin()
        return self._snapshot

    def _begin(self) -> None:
        """Reads the snapshot; while the database is away, takes that of the process which this one
        is a fork of, or surfaces from the cache."""
        try:
            self.refresh()
        except DatabaseError:
            if not self._snapshot.is_ready and not self._take_kept():
                raise
            log.warning("serving.refresh_failed", exc_info=True)
        self._pid = os.getpid()
        self.refresher.start()

    def _take_kept(self) -> bool:
        rows = kept_surfaces.kept()
        pages = {row.slug: self._page(row, [None, None], None) for row in rows}
        found = {slug: page for slug, page in pages.items() if page}
        if found:
            self._snapshot = Snapshot(found, is_ready=True)
        return bool(found)

    def renew(self) -> None:
        stored = served_rows.as_stored()  # before they are read again, so that no change is missed
        if stored != self._stored or not self._is_settled():
            self.refresh()
            self._stored = stored
        self._renew_popularity()
        if time.monotonic() - self._kept_at > kept_surfaces.AGAIN:
            kept_surfaces.keep()
            self._kept_at = time.monotonic()

    def refresh(self) -> None:
        """Reads surfaces and aliases, and loads new versions."""
        with self._lock:
            is_aside = self._snapshot.is_ready and self.refresher.is_running()
            self._wait_until = time.monotonic() + (0.0 if is_aside else FIRST_WAIT)
            rows = self._rows()
            found = {(alias.surface_id, alias.name): alias for alias in served_rows.aliases()}
            innate = served_rows.innate().first()
            old = self._snapshot.pages
            pages = {}
            for row in rows:
                champion = found.get((row.pk, Alias.Name.CHAMPION))
                wanted = [champion.version if champion else None, innate]
                page = self._page(row, wanted, old.get(row.slug))
                if page:
                    challenger = found.get((row.pk, Alias.Name.CHALLENGER))
                    pages[row.slug] = self._with_canary(page, challenger)
            self._snapshot = Snapshot(pages, is_ready=True)
            self._loading.report()
            self._loading.forget_unwanted()
            present = {_edition(row) for row in rows}
            self._parsed = {key: one for key, one in self._parsed.items() if key in present}

    def _is_settled(self) -> bool:
        """False while equal rows may give other pages: a version is not loaded yet, or a canary has
        shares, which are in other rows."""
        pages = self._snapshot.pages.values()
        return self._loading.is_complete and all(page.canary is None for page in pages)

    def late(self) -> list[VersionLoad]:
        """Versions whose load seems to hang."""
        return self._loading.late()

    def refused(self) -> list[str]:
        """Names of wanted versions that could not be loaded."""
        return self._loading.refused()

    def stop(self, until: float) -> None:
        self._loading.join(until)

    def popularity(self, page: Page, day: int) -> Popularity:
        """Returns the popularity at the start of `day`; as it was, while the database is away.

        Causes a query if it is not in memory.
        """
        key = (page.surface_id, day)
        read_at, found = self._popular.get(key, (0.0, None))
        if found is None or time.monotonic() - read_at > POPULARITY_LIFETIME:
            try:
                found = self._read_popularity(page, day)
            except DatabaseError:
                if found is None:
                    raise
        return found

    def _read_popularity(self, page: Page, day: int) -> Popularity:
        rows = surfaces.PopularityDay.objects.filter(
            surface_id=page.surface_id, day__lt=day, day__gte=day - mappers.POPULARITY_DAYS
        )
        found = mappers.to_popularity(rows, day)
        if len(self._popular) > 1000:
            self._popular.clear()
        self._popular[(page.surface_id, day)] = (time.monotonic(), found)
        return found

    def _page(
        self, row: surfaces.Surface, wanted: list[CodebookVersion | None], old: Page | None
    ) -> Page | None:
        """Serves the champion; if it cannot be loaded, the version that served before, or the
        innate one."""
        try:
            surface = self._surface(row)
        except EngineError:
            log.exception("serving.surface_refused", extra={"surface": row.slug})
            return old
        champion, innate = wanted
        content = str(champion.manifest.get("id", "")) if champion else ""
        version = self._version(champion) if champion else None
        if version is None and champion:
            version = old.version if old else None
            if not self._loading.is_refused(champion):  # still loading: not a fallback yet
                content = old.wanted if old else ""
        if version is None and innate:
            version = self._version(innate)
        fingerprint = f"{row.mode} {row.updated_at.timestamp()}"
        gap = row.visit_minutes * 60_000
        return Page(row.pk, surface, gap, version, fingerprint, row.control_percent, content)

    def _with_canary(self, page: Page, challenger: Alias | None) -> Page:
        """Adds the canary, unless the challenger has no share or cannot be loaded."""
        version = self._version(challenger.version) if challenger and challenger.share else None
        if challenger is None or version is None:
            return page
        canary = replace(page, version=version, wanted=version.id)
        return replace(page, canary=canary, shares=_shares(challenger))

    def _rows(self) -> list[surfaces.Surface]:
        """Reads all rows, but definitions only of surfaces edited since the last read.

        Reading every definition twice a second would keep requests waiting.
        """
        rows = list(served_rows.surfaces())
        edited = [row.pk for row in rows if _edition(row) not in self._parsed]
        whole = surfaces.Surface.objects.in_bulk(edited) if edited else {}
        return [whole.get(row.pk, row) for row in rows]

    def _surface(self, row: surfaces.Surface) -> Surface:
        key = _edition(row)
        if key not in self._parsed:
            self._parsed[key] = mappers.to_surface(row)
        return self._parsed[key]

    def _version(self, row: CodebookVersion) -> Version | None:
        """Returns None if the version was refused or is being loaded."""
        wait = max(self._wait_until - time.monotonic(), 0.0)
        return self._loading.version(row, wait=wait)

    def _renew_popularity(self) -> None:
        """Reads those of some pages, the oldest first, so that all are read within TURN: of all at
        once it takes long enough for requests to come late."""
        due, now = [], int(time.time() * 1000)
        pages = self._snapshot.pages.values()
        for page in pages:
            today = day_of(now, page.surface.zone)
            read_at, _ = self._popular.get((page.surface_id, today), (0.0, None))
            if time.monotonic() - read_at > POPULARITY_LIFETIME / 2:
                due.append((read_at, page, today))
        most = math.ceil(len(pages) * settings.UIENGINE_REFRESH_MS / 1000 / TURN)
        for _, page, today in sorted(due, key=lambda one: one[0])[: max(most, 1)]:
            self._read_popularity(page, today)


def _edition(row: surfaces.Surface) -> tuple[str, int, str]:
    return row.slug, row.revision, f"{row.mode} {row.updated_at}"


def _shares(challenger: Alias) -> tuple[tuple[int, int], ...]:
    """(since ms, percent) of the challenger's shares, the earliest first; the alias holds the
    latest."""
    moves = AliasMove.objects.filter(surface=challenger.surface_id, name=challenger.name)
    found = [(times.to_milliseconds(challenger.since), challenger.share)]
    for position, move in enumerate(moves.order_by("-pk")[:MOST_SHARES]):
        if move.after_id != challenger.version_id:
            break
        if position:
            found.append((times.to_milliseconds(move.at), move.share))
    return tuple(reversed(found))


serving = Serving(refresher)
