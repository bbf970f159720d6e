"""The answer to "which layout now?": read, decide, render, and never be without one."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import get_language

from uiengine import engine
from uiengine.decision import Decision
from uiengine.decoded import Request
from uiengine.popularity import Popularity
from uiengine.profile import Profile
from webapp import mappers
from webapp.codebooks.serving import Page, serving
from webapp.subjects import decisions, live, visits
from webapp.trials.control import is_control

from .payload import payload

log = logging.getLogger(__name__)
RENDERED = 1800
"""Seconds for which an answer is kept: a visit, as a rule."""

counts: Counter[str] = Counter()
"""Answers of this process by status."""


@dataclass(frozen=True)
class Situation:
    """All that determines a decision, and enough to name it before it is made.

    key: the subject's, empty for nobody. since: ms, the last event before the visit. times_erased:
    how often all that was kept of the key was erased.
    """

    key: str
    page: Page
    profile: Profile
    visit: str
    since: int
    day: int
    times_erased: int = 0

    @property
    def etag(self) -> str:
        """The same for the same bytes: a hash of what determines them."""
        version = self.page.version
        facts = (
            self.key,
            self.times_erased,
            self.page.surface.slug,
            self.page.surface.revision,
            self.page.fingerprint,
            self.visit,
            self.day,
            version.id if version else "",
            self.profile.feedback.generation,
            self.profile.visits,
            settings.UIENGINE_BUDGET,
            get_language(),
        )
        return f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}"'


@dataclass(frozen=True)
class Answer:
    """body: JSON; empty where the caller has it already. A fallback has no etag."""

    body: bytes
    etag: str = ""

    @property
    def is_known(self) -> bool:
        return not self.body


def layout_read(*, key: str, page: Page, now: datetime, known: str = "") -> Answer:
    """The layout for a subject (nobody where `key` is empty). known: If-None-Match."""
    try:
        found = situation(key=key, page=page, now=now)
        if found.etag in known:
            counts["not_modified"] += 1
            return Answer(b"", found.etag)
        body = _remembered(found.etag, lambda: _rendered(found))
    except Exception:
        log.exception("layout.fallback", extra={"surface": page.surface.slug})
        return fallback(key=key, page=page)
    return Answer(body, found.etag)


def fallback(*, key: str, page: Page) -> Answer:
    """The default layout: when anything fails, and for callers who ask too often."""
    counts["fallback"] += 1
    unread = replace(nobody_situation(page, day=0), key=key)
    return Answer(_dump(_payload(unread, _default(unread), "fallback")))


def layout_payload(*, key: str, slug: str, now: datetime) -> dict[str, Any] | None:
    """The payload for templates that render on the server; None for an unknown surface."""
    page = serving.page(slug)
    if page is None:
        return None
    data: dict[str, Any] = json.loads(layout_read(key=key, page=page, now=now).body)
    return data


def surface_of(signed: str) -> str:
    """The surface of a decision that was checked before."""
    return decisions.read(signed).surface


def situation(*, key: str, page: Page, now: datetime) -> Situation:
    """Without a query where caches are warm."""
    milliseconds = mappers.to_milliseconds(now)
    if not key or page.surface.mode == "off":
        return nobody_situation(page, mappers.to_day(milliseconds))
    known = live.read(key, page)
    here = milliseconds + known.clock_offset * 1000
    visits.settle(known.state, here, page.gap)
    visit, since, day = visits.current(known.state, live.place(key, page), here)
    profile = known.state.profile
    return Situation(key, page, profile, visit, since, day, known.times_erased)


def nobody_situation(page: Page, day: int) -> Situation:
    return Situation("", page, Profile(), "", 0, day)


def request_of(found: Situation, **more: int) -> Request:
    """What the engine is asked in a situation."""
    return Request(
        surface=found.page.surface,
        profile=found.profile,
        popularity=serving.popularity(found.page, found.day) if found.key else Popularity(),
        day=found.day,
        visit=found.visit,
        budget=settings.UIENGINE_BUDGET,
        seed=int(found.visit[:8] or "0", 16),
        **more,
    )


def decide(found: Situation) -> tuple[Decision, str]:
    """The decision to serve, and its status."""
    version, mode = found.page.version, found.page.surface.mode
    if not found.key or version is None or mode == "off" or _is_control(found):
        held = engine.hold(request_of(found)) if found.key and mode != "off" else _default(found)
        return held, held.status
    decision = engine.decide(request_of(found), version)
    if mode != "dry_run":
        return decision, decision.status
    order = ",".join(decision.layout.order)
    log.info("layout.dry_run surface=%s order=%s", found.page.surface.slug, order)
    shown = _default(found).layout
    return replace(decision, layout=shown, reasons=()), "dry_run"


def _is_control(found: Situation) -> bool:
    """Whether this subject keeps the default layout, for comparison; pins and freezing hold."""
    page = found.page
    return page.surface.mode == "live" and is_control(
        found.key, page.surface.slug, page.control_percent
    )


def _default(found: Situation) -> Decision:
    request = Request(found.page.surface, Profile(), Popularity(), found.day)
    return Decision(
        layout=engine.default_layout(request),
        status="default",
        version="",
        revision=found.page.surface.revision,
        visit=found.visit,
        generation=found.profile.feedback.generation,
    )


def _rendered(found: Situation) -> bytes:
    decision, status = decide(found)
    counts[status] += 1
    return _dump(_payload(found, decision, status))


def _payload(found: Situation, decision: Decision, status: str) -> dict[str, Any]:
    signed = decisions.sign(served(found, decision, status))
    pins = found.profile.feedback.pins
    return payload(found.page.surface, decision, status=status, signed=signed, pins=pins)


def served(found: Situation, decision: Decision, status: str) -> decisions.Served:
    """What the signed string says."""
    return decisions.Served(
        subject=decisions.subject_hash(found.key, found.times_erased),
        surface=found.page.surface.slug,
        revision=decision.revision,
        visit=found.visit,
        since=found.since,
        day=found.day,
        version=decision.version,
        generation=decision.generation,
        status=status,
        order=decision.layout.order,
        tokens=decision.tokens,
        side_bits=decision.side_bits,
        distortion=round(decision.distortion, 6),
        propensity=decision.propensity,
        explored=decision.explored,
    )


def _remembered(etag: str, render: Callable[[], bytes]) -> bytes:
    name = f"layout:{etag[1:-1]}"
    try:
        if found := cache.get(name):
            return bytes(found)
    except Exception:
        log.warning("cache.unavailable", exc_info=True)
        return render()
    body = render()
    try:
        cache.set(name, body, RENDERED)
    except Exception:
        log.warning("cache.unavailable", exc_info=True)
    return body


def _dump(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
