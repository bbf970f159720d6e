"""The answer that a subject had last, kept with what it holds under.

One cache read tells whether it may be given again: of the subject's state that takes its generation
alone, and nothing is decoded, decided or hashed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from webapp.cache import NOTHING, Entries, count_and_get, store
from webapp.codebooks.serving import Page
from webapp.mappers import to_milliseconds
from webapp.subjects import live

from .throttles import LIFETIME as COUNTED

log = logging.getLogger(__name__)
ETAG = re.compile(r'"([0-9a-f]{32})-\d+"')
LIFETIME = 1800
"""Seconds for which an answer is kept: a visit, as a rule."""
UNASKED = 1000 * live.LIFETIME
"""Milliseconds after which the subject's state is looked at again (see `subjects.live`)."""


@dataclass(frozen=True)
class Answer:
    """body: JSON; empty where the caller has it already. A fallback has no etag.

    counted: what `counters` call it.
    """

    body: bytes
    etag: str = ""
    counted: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        return not self.body


class Kept(NamedTuple):
    """generation: of the subject's state; page: `Page.name`; since, until: ms, between which the
    visit and its day are the same. tag: a hash of all that determines the decision.

    decided_by, is_decided_by_another: see `situations.Situation`. body: empty where the caller held
    it when it was asked for.
    """

    generation: str
    page: str
    since: int
    until: int
    tag: str
    decided_by: str
    is_decided_by_another: bool
    etag: str
    counted: tuple[str, ...]
    body: bytes

    def answer_to(self, known: str) -> Answer | None:
        """known: If-None-Match. None where the caller lacks the body, and so do we."""
        if etag := held(self.tag, known):
            return Answer(b"", etag, ("not_modified",))
        return Answer(self.body, self.etag, self.counted) if self.body else None


@dataclass(frozen=True)
class Found:
    """What one cache read brought. counts: as asked for; state: for `live.read`."""

    counts: list[int] = field(default_factory=list)
    state: Mapping[str, Any] = field(default_factory=dict)
    generation: str | None = None
    last: Kept | None = None

    def answer_to(self, known: str, page: Page, now: datetime) -> Answer | None:
        """The last answer again, where it is sure to be the same; known: If-None-Match."""
        last = self.last
        if last is None or last.generation != self.generation or last.page != page.name:
            return None
        is_then = last.since <= to_milliseconds(now) < last.until
        return last.answer_to(known) if is_then else None


@dataclass(frozen=True)
class Place:
    """Where the answers of a subject (nobody where `key` is empty) on a page are kept, by language,
    number of variants and `payload.mounted`."""

    key: str
    page: Page
    language: str
    variants: int
    mounted: str

    @cached_property
    def names(self) -> tuple[str, str, str]:
        """In the cache: of the answer, of the subject's state and of its generation."""
        state, generation = live.names(self.key, self.page.surface.slug)
        form = f"{self.language}:{self.variants}:{self.mounted}"
        return f"answer:{state}:{form}", state, generation

    def look(self, counts: list[str]) -> Found:
        """Adds one to each count, by name, too. A cache that is away has nothing and counts
        nothing."""
        mine, _, generation = self.names
        try:
            names = self.names if self.key else (mine,)
            numbers, found = count_and_get(counts, names, COUNTED)
        except Exception:
            log.warning("cache.unavailable", exc_info=True)
            return Found()
        known = found.get(generation) if self.key else ""
        return Found(numbers, found, known, found.get(mine))

    def keep(
        self, answer: Kept, unkept: live.Unkept | None, agreed: Entries = NOTHING
    ) -> Mapping[str, Any]:
        """Keeps the answer if what is `agreed` on by name is not known otherwise; gives what is.

        unkept: the state that it was made of, where that was read from the database.
        """
        mine, more = {self.names[0]: (answer, LIFETIME)}, unkept or live.Unkept()
        try:
            return store({**mine, **more.entries}, more.once, agreed)
        except Exception:
            log.warning("cache.unavailable", exc_info=True)
            return {}


def held(tag: str, known: str) -> str:
    """The ETag in If-None-Match that begins with the tag, whatever budget it names; empty if none
    does."""
    named = (found[0] for found in ETAG.finditer(known) if found[1] == tag)
    return next(named, "")
