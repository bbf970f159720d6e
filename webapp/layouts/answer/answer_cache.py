"""Caches a subject's last answer, together with the facts it depends on.

One cache read tells if the answer can be given again. It reads only the generation of the subject's
state; nothing is decoded, decided or hashed. The body has an entry of its own, which is not read
for a caller that holds it already.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache

from webapp.layouts.answer.throttles import LIFETIME as COUNTED
from webapp.lib.cache import NOTHING, Entries, Pooled, count_and_get, store
from webapp.lib.times import to_milliseconds
from webapp.serving.pages import Page
from webapp.subjects import state_cache

log = logging.getLogger(__name__)
ETAG = re.compile(r'"([0-9a-f]{32})-(\d{1,9})(?:[-;]+[a-z]{1,10})?"')
"""Groups: a hash of what determines the decision, and the budget it was made with.

A server that compresses may add its name (`-gzip`, `-br`, `;gzip`) or write `W/` before it.
"""
LIFETIME = 1800
"""Seconds that an answer is kept, which is usually a visit."""
UNASKED = 1000 * state_cache.LIFETIME
"""Milliseconds after which the subject's state is looked at again (see `subjects.state_cache`)."""


@dataclass(frozen=True)
class Answer:
    """body: JSON, or empty if the caller has it already. A fallback has no etag.

    counted: its names in `webapp.serving.answer_counts`.
    """

    body: bytes
    etag: str = ""
    counted: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        return not self.body


class CachedAnswer(NamedTuple):
    """An answer as it is cached, without its body.

    generation: of the subject's state; page: `Page.name`; since, until: ms, between which visit and
    day do not change; tag: a hash of everything that determines the decision; decided_by,
    is_decided_by_another: see `context.DecisionContext`.
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
        """The candidates it was decided with, from its ETag, which may be the caller's."""
        named = ETAG.fullmatch(self.etag)
        return int(named[2]) if named else 0

    def answer_with(self, held: str, body: bytes) -> Answer | None:
        """Combines the answer with its body; None if neither the caller nor the cache has the body.

        held: the ETag under which the caller has it, or empty; body: empty if it is not cached.
        """
        if held:
            return Answer(b"", held, ("not_modified",))
        return Answer(body, self.etag, self.counted) if body else None


@dataclass(frozen=True)
class CacheRead:
    """The result of one cache read.

    counts: as requested; state: for `webapp.subjects.state_cache.read`; held: the ETag under which
    the caller has the last answer; body: empty if the caller has it, or if it is not cached.
    """

    counts: list[int] = field(default_factory=list)
    state: Mapping[str, Any] = field(default_factory=dict)
    generation: str | None = None
    last: CachedAnswer | None = None
    held: str = ""
    body: bytes = b""

    def answer(self, page: Page, now: datetime) -> Answer | None:
        """The last answer, if it still holds; else None."""
        last = self.last
        if last is None or last.generation != self.generation or last.page != page.name:
            return None
        is_then = last.since <= to_milliseconds(now) < last.until
        return last.answer_with(self.held, self.body) if is_then else None


@dataclass(frozen=True)
class CacheSlot:
    """Names the cache entries of a subject's answers on a page.

    They differ by language, number of variants and `payload.mounted`. key: empty without a subject.
    """

    key: str
    page: Page
    language: str
    variants: int
    mounted: str

    @cached_property
    def names(self) -> tuple[str, str, str, str]:
        """Cache names of the answer, its body, the subject's state and its generation."""
        state, generation = state_cache.names(self.key, self.page.surface.slug)
        mine = f"answer:2:{state}:{self.language}:{self.variants}:{self.mounted}"
        return mine, f"{mine}:body", state, generation

    def look(self, counts: list[str], known: str) -> CacheRead:
        """Adds one to each count and reads the entries; empty if the cache is unavailable.

        counts: names; known: If-None-Match.
        """
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
        is_its = last is not None and last.etag == named  # the two reads may differ in time
        return CacheRead(numbers, found, newest, last, etag, content if is_its else b"")

    def entries(self, answer: CachedAnswer, body: bytes) -> Pooled:
        """The cache entries of an answer. body: empty if the caller holds it.

        Answers that list variants are up to eight times as long and have a pool of their own, for
        an eighth of them: what callers may ask for without end never fills the cache.
        """
        kept: dict[str, tuple[Any, int]] = {self.names[0]: (answer, LIFETIME)}
        if body:
            kept[self.names[1]] = ((answer.etag, body), LIFETIME)
        most = 2 * settings.UIENGINE_ANSWERS  # each is two entries
        if self.variants == 1:
            return Pooled("answers", most, kept)
        return Pooled("answers:variants", max(2, most // 8), kept)


def keep(
    answer: Pooled, unkept: state_cache.Unkept | None, agreed: Entries = NOTHING
) -> Mapping[str, Any]:
    """Stores an answer, unless one of `agreed` has another value; returns the agreed values.

    unkept: the subject's state, if it was read from the database. While the cache is unavailable,
    nothing is stored or returned.
    """
    more = unkept or state_cache.Unkept()
    try:
        return store(more.entries, more.once, agreed, answer)
    except Exception:
        log.warning("cache.unavailable", exc_info=True)
        return {}


def held(tag: str, known: str) -> str:
    """Our ETag, with any budget, that If-None-Match names for the tag; empty if it names none."""
    named = (f'"{tag}-{found[2]}"' for found in ETAG.finditer(known) if found[1] == tag)
    return next(named, "")
