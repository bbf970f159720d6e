"""Caches a subject's last answer, together with the facts it depends on.

One cache read tells if the answer can be given again. It reads only the generation of the subject's
state; nothing is decoded, decided or hashed. The body has an entry of its own, which is not read
for a caller that holds it already.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache

from webapp.layouts.answer.payload import Voice
from webapp.layouts.answer.throttles import LIFETIME as COUNTED
from webapp.lib.cache import NOTHING, Entries, Pooled, count_and_get, is_shared, store
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
ASKED = 7 * 86_400
"""Seconds that it is known how somebody was answered, after a worker made them an answer."""
UNASKED = 1000 * state_cache.LIFETIME
"""Milliseconds after which the subject's state is looked at again (see `subjects.state_cache`)."""


@dataclass(frozen=True)
class Answer:
    """body: JSON, or empty if the caller has it already. A fallback has no etag.

    counted: its names in `webapp.serving.answer_counts`. after: what is left to do once it is sent.
    """

    body: bytes
    etag: str = ""
    counted: tuple[str, ...] = ()
    after: Callable[[], None] | None = None

    @property
    def is_known(self) -> bool:
        return not self.body

    def finish(self) -> None:
        if self.after:
            self.after()


class CachedAnswer(NamedTuple):
    """An answer as it is cached, without its body.

    generation: of the subject's state; page: `Page.name`; since, until: ms, between which visit and
    day do not change; tag: a hash of everything that determines the decision; decided_by,
    is_decided_by_another: see `context.DecisionContext`. Of an answer made ahead, which nobody was
    given yet, basis: see `context.basis_of`.
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
    basis: str = ""

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
        if last is None or last.basis or last.generation != self.generation:
            return None
        return last.answer_with(self.held, self.body) if self._holds(last, page, now) else None

    def made_ahead(self, page: Page, now: datetime) -> CachedAnswer | None:
        """An answer made ahead that nobody was given yet, if page and day are as they were."""
        last = self.last
        if last is None or not last.basis or not self.body:
            return None
        return last if self._holds(last, page, now) else None

    def _holds(self, last: CachedAnswer, page: Page, now: datetime) -> bool:
        return last.page == page.name and last.since <= to_milliseconds(now) < last.until


@dataclass(frozen=True)
class CacheSlot:
    """Names the cache entries of a subject's answers on a page.

    They differ by voice and number of variants. key: empty without a subject.
    """

    key: str
    page: Page
    voice: Voice
    variants: int

    @cached_property
    def names(self) -> tuple[str, str, str, str]:
        """Cache names of the answer, its body, the subject's state and its generation."""
        state, generation = state_cache.names(self.key, self.page.surface.slug)
        said = self.voice
        mine = f"answer:2:{state}:{said.language}:{self.variants}:{said.mounted}"
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

    def tag(self, decision: str) -> str:
        """`CachedAnswer.tag`. decision: a hash of everything that determines the decision."""
        facts = (decision, self.voice.language, self.variants, self.voice.mounted)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]

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

    def asked(self, unkept: state_cache.Unkept | None) -> state_cache.Unkept | None:
        """Adds how this caller asks, so that a worker can make the next answer likewise."""
        voice, more = self.voice, unkept or state_cache.Unkept()
        is_plain = voice.urlconf is None or isinstance(voice.urlconf, str)  # else it cannot be told
        if not self.key or self.variants > 1 or not is_plain or not is_shared():
            return unkept
        name = state_cache.asked_name(self.key, self.page.surface.slug)
        told = {name: ((self.names[0], *voice), state_cache.DAY)}
        return state_cache.Unkept({**more.entries, **told}, more.once)


def asked_of(key: str, slug: str) -> Voice | None:
    """The voice in which the subject was answered last; None if that is not known."""
    _, *voice = cache.get(state_cache.asked_name(key, slug)) or (None,)
    return Voice(*voice) if voice else None


def keep_ahead(slot: CacheSlot, answer: CachedAnswer, body: bytes, budget_name: str) -> bool:
    """Stores an answer that nobody asked for yet, and its budget as that of the visit.

    False if the state has changed since, or if another budget was agreed on.
    """
    name, body_name, _, state_name = slot.names
    asked = state_cache.asked_name(slot.key, slot.page.surface.slug)
    kept = {name: (answer, state_cache.DAY), body_name: ((answer.etag, body), state_cache.DAY)}
    pool = Pooled("answers:ahead", 2 * settings.UIENGINE_ANSWERS, kept)
    wanted = {state_name: answer.generation, budget_name: answer.budget}
    agreed = {name: (value, state_cache.DAY) for name, value in wanted.items()}
    return store({asked: ((name, *slot.voice), ASKED)}, {}, agreed, pool) == wanted


def keep_given(slot: CacheSlot, answer: CachedAnswer) -> None:
    """Stores that an answer made ahead was given, so that repeats need no look at the database."""
    try:
        cache.set(slot.names[0], answer, LIFETIME)
    except Exception:
        log.warning("cache.unavailable", exc_info=True)


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
