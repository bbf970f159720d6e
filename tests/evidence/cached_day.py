"""Counts what reaches the origin on a day of many people on a public page, by modelled caches.

python -m tests.evidence.cached_day --people 10000

Visits are drawn over the day, views within each. What keeps the page is followed by its rules: the
browser (or `book-worker.js`) while the page is fresh, then a CDN or nginx (public-pages.conf) with
one key for the page, which is in one language, then the origin. A page by book asks for a token
once a visit and after a use; a page by device asks for a book a day instead. Events are not
counted: they always reach the origin.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field

import numpy as np

DAY = 86_400.0
VISITS, VIEWS = 1.5, 4.0
"""Mean visits of a person on the day, and mean views of the page in each."""
PAUSE = 90.0
"""Mean seconds between two views of a visit."""
USED = 0.6
"""Share of views in which a block is used, after which a token is asked for."""
EVENING, SPREAD = 18 * 3600.0, 4 * 3600.0


@dataclass
class Counts:
    """views: of the page; the others: requests that reached the origin, and views that caused none
    for a page or book, or none at all."""

    views: int = 0
    pages: int = 0
    books: int = 0
    tokens: int = 0
    views_without_pages: int = 0
    views_without_any: int = 0


@dataclass
class Caches:
    """fresh: seconds that a page is; shared: until when that at the CDN is; browsers: until when
    each person's is; has_book: the CDN has the day's; have_book: people who have it."""

    fresh: float
    shared: float = -1.0
    browsers: dict[int, float] = field(default_factory=dict)
    has_book: bool = False
    have_book: set[int] = field(default_factory=set)

    def page_reaches_origin(self, person: int, at: float) -> bool:
        """The browser's copy is as old as the CDN's."""
        if at < self.browsers.get(person, -1.0):
            return False
        is_missed = at >= self.shared
        if is_missed:
            self.shared = at + self.fresh
        self.browsers[person] = self.shared
        return is_missed

    def book_reaches_origin(self, person: int) -> bool:
        is_missed = person not in self.have_book and not self.has_book
        self.have_book.add(person)
        self.has_book = True
        return is_missed


def views(drawn: np.random.Generator, people: int) -> list[tuple[float, int, bool, bool]]:
    """Time in seconds, person, whether it begins a visit, whether a block is used; by time."""
    found = []
    for person in range(people):
        for _ in range(drawn.poisson(VISITS)):
            at = drawn.normal(EVENING, SPREAD) % DAY
            for number in range(drawn.geometric(1 / VIEWS)):
                found.append((at, person, number == 0, bool(drawn.random() < USED)))
                at += drawn.exponential(PAUSE)
    return sorted(found)


def counted(seen: list[tuple[float, int, bool, bool]], fresh: float, *, on_device: bool) -> Counts:
    caches, counts = Caches(fresh), Counts()
    for at, person, is_first, is_used in seen:
        page = caches.page_reaches_origin(person, at)
        book = on_device and caches.book_reaches_origin(person)
        token = not on_device and (is_first or is_used)
        counts.views += 1
        counts.pages += page
        counts.books += book
        counts.tokens += token
        counts.views_without_pages += not (page or book)
        counts.views_without_any += not (page or book or token)
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--fresh", type=float, default=60.0, help="seconds that the page is")
    options = parser.parse_args()
    seen = views(np.random.default_rng(0), options.people)
    for mode in ("book", "device"):
        counts = counted(seen, options.fresh, on_device=mode == "device")
        shares = {
            "without_page_or_book": round(counts.views_without_pages / counts.views, 4),
            "without_any_request": round(counts.views_without_any / counts.views, 4),
        }
        print(json.dumps({"mode": mode, "fresh": options.fresh, **vars(counts), **shares}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
