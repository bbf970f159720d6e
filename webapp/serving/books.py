"""Books in this process's memory: today's of each page, and those that events name."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from uiengine.behaviour.popularity import Popularity
from uiengine.book.book import Book
from uiengine.cost.energy import Floats, Ints
from uiengine.decision import Reason
from uiengine.page.surface import Same, Surface
from webapp.codebooks.books import book_requests
from webapp.codebooks.models import KeptBook
from webapp.lib.refresher import ProcessState, refresher
from webapp.serving.pages import Page

AGAIN = 1.0
"""Seconds before a missing book is looked for again."""
MOST = 256
"""Books in memory, of some 100 kB each at most."""
Claim = tuple[str, int, int, int]


@dataclass(frozen=True, eq=False)
class PublicBook:
    """A kept book, as read.

    orders, demand: see `Book`; why: of each entry (code, position, percent, people); body: its
    JSON, compressed by gzip.
    """

    hash: str
    surface: str
    version: str
    revision: int
    day: int
    blocks: tuple[str, ...]
    orders: Ints
    demand: Floats
    why: tuple[tuple[Claim, ...], ...]
    body: bytes

    def order(self, byte: int) -> tuple[str, ...]:
        """Raises IndexError where the book has no such entry."""
        return tuple(self.blocks[i] for i in self.orders[byte].tolist())

    def reasons(self, byte: int, surface: Surface) -> tuple[Reason, ...]:
        """Why the entry differs from the default, as far as it is true for everybody."""
        return tuple(self.reason(claim, surface) for claim in self.why[byte])

    def reason(self, claim: Claim, surface: Surface) -> Reason:
        code, place, percent, people = claim
        block = surface.block(self.blocks[place])
        told: dict[str, str | int | float] = {"title": block.title}
        return Reason(code, block.id, told | {"percent": percent, "people": people})

    def of(self, surface: Surface) -> Book:
        """The engine's value, for the revision that it was made of."""
        return _book(Same(self), Same(surface))


class Books(ProcessState):
    """Looks rows up when they are asked for, and asks workers for what is missing."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._named: dict[str, PublicBook] = {}
        self._of_page: dict[tuple[Any, ...], PublicBook] = {}
        self._missed: dict[tuple[Any, ...], float] = {}
        self._names: frozenset[str] = frozenset()
        self._listed = -AGAIN
        book_requests.clear()

    def of_page(self, page: Page, day: int) -> PublicBook | None:
        """The page's book of a day, or the latest before it of the same version and revision.

        None where there is none, and while nobody is adapted. Causes a query if it is not in
        memory.
        """
        if page.version is None or page.surface.mode != "live":
            return None
        key = (page.surface_id, page.version.id, page.surface.revision, day)
        known = self._of_page.get(key)
        if known is not None and known.day == day:
            return known
        if time.monotonic() - self._missed.get(key, -AGAIN) < AGAIN:
            return known
        return self._looked_up(page, key, day)

    def named(self, name: str) -> PublicBook | None:
        """The book of a hash that we signed. Causes a query if it is not in memory."""
        if name not in self._named:
            row = KeptBook.objects.filter(hash=name).first()
            return self._kept(row) if row else None
        return self._named[name]

    def asked_for(self, name: str) -> PublicBook | None:
        """The book of a hash that anybody may have made up.

        However many are asked for, all hashes are listed once in AGAIN seconds at most: one made
        meanwhile is unknown until then.
        """
        if name in self._named:
            return self._named[name]
        if name not in self._names and time.monotonic() - self._listed >= AGAIN:
            self._names = frozenset(KeptBook.objects.values_list("hash", flat=True))
            self._listed = time.monotonic()
        return self.named(name) if name in self._names else None

    def _looked_up(self, page: Page, key: tuple[Any, ...], day: int) -> PublicBook | None:
        assert page.version is not None
        made = KeptBook.objects.filter(
            surface_id=page.surface_id, content=page.version.id, revision=page.surface.revision
        )
        row = made.filter(day__lte=day).order_by("-day").first()
        if row is None or row.day != day:
            book_requests.send(page.surface_id)
            self._missed[key] = time.monotonic()
        if row is None:
            return None
        self._make_room(self._of_page)
        found = self._of_page[key] = self._kept(row)
        return found

    def _kept(self, row: KeptBook) -> PublicBook:
        if row.hash not in self._named:
            self._make_room(self._named)
            self._named[row.hash] = _read(row)
        return self._named[row.hash]

    def _make_room(self, held: dict[Any, PublicBook]) -> None:
        if len(held) >= MOST:
            held.clear()
            self._missed.clear()


def _read(row: KeptBook) -> PublicBook:
    body = bytes(row.body)
    found = json.loads(gzip.decompress(body))
    return PublicBook(
        hash=row.hash,
        surface=found["surface"],
        version=found["version"],
        revision=found["revision"],
        day=found["day"],
        blocks=tuple(found["blocks"]),
        orders=np.array(found["orders"], dtype=np.int64),
        demand=np.array(found["demand"], dtype=np.float64) / 100,
        why=tuple(tuple((c, i, share, all_) for c, i, share, all_ in of) for of in found["why"]),
        body=body,
    )


@lru_cache(maxsize=MOST)
def _book(of: Same[PublicBook], surface: Same[Surface]) -> Book:
    book = of.value
    nobody = Popularity()
    return Book(surface.value, book.version, book.day, nobody, book.orders, book.demand)


books = Books()
refresher.register(books)
