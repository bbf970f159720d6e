"""The answer to "which layout now?": read, decide, render, and never be without one."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.core.cache import cache
from django.utils.translation import get_language

from uiengine import engine, feedback
from uiengine.decision import Decision, Variant
from uiengine.decoded import Request
from uiengine.orders import default_order
from uiengine.popularity import Popularity
from uiengine.profile import Profile
from webapp import mappers
from webapp.codebooks.live.counts import answered
from webapp.codebooks.serving import Page, serving
from webapp.subjects import decisions, keys, live, visits
from webapp.trials.control import is_control

from .counters import count
from .load import load
from .payload import payload

log = logging.getLogger(__name__)
ETAG = re.compile(r'"([0-9a-f]{32})-\d+"')
RENDERED = 1800
"""Seconds for which an answer is kept: a visit, as a rule."""


@dataclass(frozen=True)
class Situation:
    """All that determines a decision, and enough to name it before it is made.

    key: the subject's, empty for nobody. since: ms, the last event before the visit. times_erased:
    how often all that was kept of the key was erased. budget: candidates the visit is decided by;
    0 where none was agreed on yet (see `budgeted`). was_control: what the open visit began as; None
    where it is not open. before: the order shown at the visit before, empty where there was none.
    """

    key: str
    page: Page
    profile: Profile
    visit: str
    since: int
    day: int
    times_erased: int = 0
    budget: int = 0
    was_control: bool | None = None
    before: tuple[str, ...] = ()

    @property
    def decided_by(self) -> str:
        """Content id of the version that should decide; empty where none should."""
        is_asked = self.key and self.page.surface.mode != "off" and not _is_control(self)
        return self.page.wanted if is_asked else ""

    @property
    def is_decided_by_another(self) -> bool:
        """That version could not be loaded."""
        return self.page.version is None or self.page.version.id != self.page.wanted

    @property
    def name(self) -> str:
        """A hash of what determines the decision, but for the budget."""
        version = self.page.version
        return _hash(
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
            _is_control(self),
            settings.UIENGINE_BUDGET,
        )


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


def layout_read(
    *, key: str, page: Page, now: datetime, known: str = "", variants: int = 1
) -> Answer:
    """The layout for a subject (nobody where `key` is empty). known: If-None-Match.

    variants: how many of the best layouts to list beside the one to show.
    """
    started, decided_by, found = time.perf_counter(), page.wanted, None
    try:
        found = situation(key=key, page=page, now=now)
        decided_by = found.decided_by
        tag = _hash(found.name, get_language(), variants)
        if held := _held(tag, known):
            answer = Answer(b"", held, ("not_modified",))
        else:
            answer = _remembered(tag) or _rendered(found, tag, variants, started)
    except Exception:
        log.exception("layout.fallback", extra={"surface": page.surface.slug})
        answered(page.surface_id, decided_by, now, fell_back=True, failed=True)
        times = found.times_erased if found else 0
        return fallback(key=key, page=page, why="failed", times_erased=times)
    count(*answer.counted)
    answered(page.surface_id, decided_by, now, fell_back=found.is_decided_by_another)
    return answer


def throttled(*, key: str, page: Page) -> Answer:
    """For callers who ask too often: nothing is decided."""
    try:
        times = live.read(key, page).times_erased if key else 0
    except Exception:
        log.warning("layout.subject_unknown", exc_info=True)
        times = 0
    return fallback(key=key, page=page, why="throttled", times_erased=times)


def fallback(*, key: str, page: Page, why: str, times_erased: int) -> Answer:
    """The default layout. times_erased: of the key, so that events that carry this decision count;
    0 where that cannot be known."""
    count("fallback", why)
    unread = replace(nobody_situation(page, day=0), key=key, times_erased=times_erased)
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
    began = known.state.open.started - here + milliseconds if known.state.open else milliseconds
    page = page.serving(key, began)
    visit, since, day = visits.current(known.state, live.place(key, page), here)
    profile, times = known.state.profile, known.times_erased
    budget = known.state.open.budget if known.state.open else 0
    was_control = known.state.open.is_control if known.state.open else None
    before = profile.before if known.state.open else profile.order
    return Situation(key, page, profile, visit, since, day, times, budget, was_control, before)


def nobody_situation(page: Page, day: int) -> Situation:
    return Situation("", page, Profile(), "", 0, day)


def budgeted(found: Situation, waited: float = 0.0) -> Situation:
    """The situation with the budget that its visit is decided by, however often it is asked for.

    An open visit keeps that of the decision its first event carried; until then the first to
    decide tells the others through the cache. waited: seconds since the request began.
    """
    if found.budget or not found.key:
        return found
    left = settings.UIENGINE_DEADLINE_MS / 1000 - waited
    affordable = load.budget(settings.UIENGINE_BUDGET, left=left)
    try:
        agreed = cache.get_or_set(f"budget:{found.name}", affordable, RENDERED)
    except Exception:
        log.warning("cache.unavailable", exc_info=True)
        agreed = None
    return replace(found, budget=agreed or affordable)


def request_of(found: Situation, **more: int) -> Request:
    """What the engine is asked in a situation."""
    return Request(
        surface=found.page.surface,
        profile=found.profile,
        popularity=serving.popularity(found.page, found.day) if found.key else Popularity(),
        day=found.day,
        visit=found.visit,
        budget=found.budget or settings.UIENGINE_BUDGET,
        seed=int(found.visit[:8] or "0", 16),
        **more,
    )


def decide(found: Situation, variants: int = 1) -> tuple[Decision, str]:
    """The decision to serve, with so many variants to list, and its status."""
    version, mode = found.page.version, found.page.surface.mode
    if not found.key or version is None or mode == "off" or _is_control(found):
        held = engine.hold(request_of(found)) if found.key and mode != "off" else _default(found)
        return held, held.status
    with load.deciding():
        decision = engine.decide(request_of(found, variants=variants), version)
    if mode != "dry_run":
        return decision, decision.status
    order = ",".join(decision.layout.order)
    log.info("layout.dry_run surface=%s order=%s", found.page.surface.slug, order)
    shown = _default(found).layout
    return replace(decision, layout=shown, reasons=()), "dry_run"


def _is_control(found: Situation) -> bool:
    """Whether this subject keeps the default layout, for comparison; pins and freezing hold.

    An open visit stays what it began as, so that a changed share moves nothing under a reader.
    """
    page = found.page
    if page.surface.mode != "live":
        return False
    if found.was_control is not None:
        return found.was_control
    return is_control(found.key, page.surface.slug, page.control_percent)


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


def _rendered(found: Situation, tag: str, variants: int, started: float) -> Answer:
    found = budgeted(found, time.perf_counter() - started)
    decision, status = decide(found, variants)
    body = _dump(_payload(found, decision, status))
    answer = Answer(body, f'"{tag}-{found.budget}"', _counted(found, decision, status))
    try:
        cache.set(f"layout:{tag}", answer, RENDERED)
    except Exception:
        log.warning("cache.unavailable", exc_info=True)
    return answer


def _counted(found: Situation, decision: Decision, status: str) -> tuple[str, ...]:
    if decision.energy is None or found.budget >= settings.UIENGINE_BUDGET:
        return (status,)
    return (status, "system_1" if decision.system == 1 else "budget_lowered")


def _payload(found: Situation, decision: Decision, status: str) -> dict[str, Any]:
    return payload(
        found.page.surface,
        decision,
        status=status,
        budget=found.budget,
        signed=decisions.sign(served(found, decision, status)),
        undo=_undoes(found, decision),
        whose="" if keys.is_visitor(found.key) else decisions.subject_hash(found.key),
        pins=found.profile.feedback.pins,
        variants=[
            (variant, decisions.sign(served(found, _instead(decision, variant), status)))
            for variant in decision.variants
        ],
    )


def _undoes(found: Situation, decision: Decision) -> str:
    if not found.key:
        return "nothing"
    before = found.before or default_order(found.page.surface)
    return feedback.undoes(found.profile, order=decision.layout.order, before=before)


def payload_for_nobody(found: Situation, decision: Decision, status: str) -> dict[str, Any]:
    """The same under a decision that is nobody's: events that carry it are kept nowhere."""
    return _payload(replace(found, key=""), decision, status)


def _instead(decision: Decision, variant: Variant) -> Decision:
    """The decision of a team that shows a variant by a choice of its own."""
    if variant.layout.order == decision.layout.order:
        return decision
    return replace(decision, layout=variant.layout, propensity=1.0, explored=False, candidates=())


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
        budget=found.budget,
        candidates=_drawable(decision) if status == "adapted" else (),
    )


def _drawable(decision: Decision) -> tuple[decisions.Drawable, ...]:
    """Propensities are exact: they are what estimates divide by. Energies are a hint."""
    place = decision.layout.ranks
    return tuple(
        (tuple(place[b] for b in candidate.order), round(candidate.energy, 4), candidate.propensity)
        for candidate in decision.candidates
    )


def _held(tag: str, known: str) -> str:
    """The ETag in If-None-Match that begins with the tag, whatever budget it names; empty if none
    does."""
    named = (found[0] for found in ETAG.finditer(known) if found[1] == tag)
    return next(named, "")


def _remembered(tag: str) -> Answer | None:
    try:
        found: Answer | None = cache.get(f"layout:{tag}")
    except Exception:
        log.warning("cache.unavailable", exc_info=True)
        return None
    return found


def _dump(data: dict[str, Any]) -> bytes:
    return orjson.dumps(data)


def _hash(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
