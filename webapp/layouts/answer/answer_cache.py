"""The answer that a subject had last, kept with what it holds under.

One cache read tells whether it may be given again: of the subject's state that takes its generation
alone, and nothing is decoded, decided or hashed. Its body is kept apart, and not read for a caller
who holds it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.core.cache import cache

from webapp.layouts.answer.throttles import LIFETIME as COUNTED
from webapp.lib.cache import NOTHING, Entries, count_and_get, store
from webapp.lib.times import to_milliseconds
from webapp.serving.pages import Page
from webapp.subjects import state_cache

log = logging.getLogger(__name__)
ETAG = re.compile(r'"([0-9a-f]{32})-(\d{1,9})"')
"""Of what determines the decision, and the budget it was made by."""
LIFETIME = 1800
"""Seconds for which an answer is kept: a visit, as a rule."""
UNASKED = 1000 * state_cache.LIFETIME
"""Milliseconds after which the subject's state is looked at again (see `subjects.state_cache`)."""


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


class CachedAnswer(NamedTuple):
    """generation: of the subject's state; page: `Page.name`; since, until: ms, between which the
    visit and its day are the same. tag: a hash of all that determines the decision.

    decided_by, is_decided_by_another: see `situations.DecisionContext`.
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

    @property
    def budget(self) -> int:
        """Candidates it was decided by, as its ETag says, which may have been the caller's."""
        named = ETAG.fullmatch(self.etag)
        return int(named[2]) if named else 0

    def answer_with(self, held: str, body: bytes) -> Answer | None:
        """held: the ETag by which the caller has it, empty otherwise; body: empty where there is
        none. None where the caller lacks it, and so do we."""
        if held:
            return Answer(b"", held, ("not_modified",))
        return Answer(body, self.etag, self.counted) if body else None


@dataclass(frozen=True)
class CacheRead:
    """What one cache read brought. counts: as asked for; state: for `live.read`; held: the ETag by
    which the caller has the last answer; body: empty where the caller has it or nobody does."""

    counts: list[int] = field(default_factory=list)
    state: Mapping[str, Any] = field(default_factory=dict)
    generation: str | None = None
    last: CachedAnswer | None = None
    held: str = ""
    body: bytes = b""

    def answer(self, page: Page, now: datetime) -> Answer | None:
        """The last answer again, where it is sure to be the same."""
        last = self.last
        if last is None or last.generation != self.generation or last.page != page.name:
            return None
        is_then = last.since <= to_milliseconds(now) < last.until
        return last.answer_with(self.held, self.body) if is_then else None


@dataclass(frozen=True)
class CacheSlot:
    """Where the answers of a subject (nobody where `key` is empty) on a page are kept, by language,
    number of variants and `payload.mounted`."""

    key: str
    page: Page
    language: str
    variants: int
    mounted: str

    @cached_property
    def names(self) -> tuple[str, str, str, str]:
        """In the cache: of the answer, its body, the subject's state and its generation."""
        state, generation = state_cache.names(self.key, self.page.surface.slug)
        mine = f"answer:2:{state}:{self.language}:{self.variants}:{self.mounted}"
        return mine, f"{mine}:body", state, generation

    def look(self, counts: list[str], known: str) -> CacheRead:
        """Adds one to each count, by name, too. A cache that is away has nothing and counts
        nothing. known: If-None-Match."""
        mine, body, state, generation = self.names
        names = [mine, *([state, generation] if self.key else []), *([] if known else [body])]
        try:
            numbers, found = count_and_get(counts, names, COUNTED)
            last: CachedAnswer | None = found.get(mine)
            etag = held(last.tag, known) if known and last else ""
            if known and last and not etag:
                found[body] = cache.get(body)
        except Exception:
            log.warning("cache.unavailable", exc_info=True)
            return CacheRead()
        newest = found.get(generation) if self.key else ""
        named, content = found.get(body) or ("", b"")
        is_its = last is not None and last.etag == named  # they are not read at the same time
        return CacheRead(numbers, found, newest, last, etag, content if is_its else b"")

    def entries(self, answer: CachedAnswer, body: bytes) -> Entries:
        """The cache entries of an answer. body: empty where the caller holds it."""
        kept: dict[str, tuple[Any, int]] = {self.names[0]: (answer, LIFETIME)}
        if body:
            kept[self.names[1]] = ((answer.etag, body), LIFETIME)
        return kept


def keep(
    entries: Entries, unkept: state_cache.Unkept | None, agreed: Entries = NOTHING
) -> Mapping[str, Any]:
    """Stores entries, unless one of `agreed` already has another value; returns the agreed values.

    unkept: the subject's state, where it was read from the database. Without a cache nothing is
    stored or returned.
    """
    more = unkept or state_cache.Unkept()
    try:
        return store({**entries, **more.entries}, more.once, agreed)
    except Exception:
        log.warning("cache.unavailable", exc_info=True)
        return {}


def held(tag: str, known: str) -> str:
    """The ETag in If-None-Match that begins with the tag, whatever budget it names; empty if none
    does."""
    named = (found[0] for found in ETAG.finditer(known) if found[1] == tag)
    return next(named, "")
