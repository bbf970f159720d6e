"""Answers a request for a layout: reads, decides, renders, and falls back to the default."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from functools import partial
from math import inf
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from uiengine import engine
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile, undoes
from uiengine.decision import Decision, Variant
from uiengine.page.reading_order import default_order
from uiengine.put_away import on_page
from uiengine.request import Request
from webapp.layouts.answer import answer_cache, throttles
from webapp.layouts.answer.answer_cache import Answer, CachedAnswer
from webapp.layouts.answer.context import (
    DecisionContext,
    LateVersionError,
    affordable,
    basis_of,
    budget_agree,
    decision_context,
    nobody_context,
    request_of,
    search_budget,
)
from webapp.layouts.answer.payload import payload, voice
from webapp.lib import database
from webapp.lib.times import to_milliseconds
from webapp.postgres.patience import patience
from webapp.postgres.patience import seconds as database_seconds
from webapp.serving.answer_counts import answered, count
from webapp.serving.pages import Page, serving
from webapp.subjects import decisions, keys, state_cache
from webapp.telemetry.requests import tracing

log = logging.getLogger(__name__)
NO_LIMITS: Mapping[str, int] = MappingProxyType({})


def layout_read(
    *,
    key: str,
    page: Page,
    now: datetime,
    known: str = "",
    variants: int = 1,
    limits: Mapping[str, int] = NO_LIMITS,
    times_erased: int = 0,
) -> Answer:
    """Returns the layout for a subject, or for none if `key` is empty; the caller finishes it.

    known: If-None-Match. variants: number of best layouts to list beside the served one. limits:
    the caller's, see `throttles`; a caller above one gets the default layout. times_erased: of the
    key, as its credential says, for an answer without the database.
    """
    started, decided_by, times = time.perf_counter(), page.wanted, times_erased
    whose = key if page.surface.mode != "off" else ""
    slot = answer_cache.CacheSlot(whose, page, voice(), variants)
    try:
        seen = slot.look(list(limits), known)
        if throttles.is_over(limits, seen.counts):
            return throttled(key=key, page=page)
        last, answer = seen.last, seen.answer(page, now)
        if answer is None and (confirmed := _confirmed(slot, seen, now)):
            last, answer = confirmed
        if last is None or answer is None:
            with tracing.span("layout.situation") as span:
                found = decision_context(key=key, page=page, now=now, state=seen.state)
                if span:
                    span.set_attributes({"layout.surface": page.surface.slug})
            decided_by, times = found.decided_by, found.times_erased
            last, body = _newest(found, slot, seen, known, now, started)
            answer = last.answer_with(answer_cache.held(last.tag, known), body)
            assert answer is not None
        decided_by = last.decided_by
    except DatabaseError:  # no fault of the version's, so the guard does not count it
        log.warning("layout.database_away", exc_info=True)
        # Giving up closed the connection, which the host's view goes on with.
        database.connection().close_if_unusable_or_obsolete()
        return fallback(key=key, page=page, why="failed", times_erased=times)
    except Exception:
        log.exception("layout.fallback", extra={"surface": page.surface.slug})
        answered(page.surface_id, decided_by, now, fell_back=True, failed=True)
        return fallback(key=key, page=page, why="failed", times_erased=times)
    count(*answer.counted)
    answered(page.surface_id, decided_by, now, fell_back=last.is_decided_by_another)
    return answer


def throttled(*, key: str, page: Page) -> Answer:
    """Answers callers above their limit with the default layout, without deciding."""
    try:
        times = state_cache.read(key, page).times_erased if key else 0
    except Exception:
        log.warning("layout.subject_unknown", exc_info=True)
        times = 0
    return fallback(key=key, page=page, why="throttled", times_erased=times)


def fallback(*, key: str, page: Page, why: str, times_erased: int) -> Answer:
    """Answers with the default layout.

    times_erased: of the key, so that events that carry this decision count; 0 if it is unknown.
    """
    count("fallback", why)
    unread = replace(nobody_context(page, day=0), key=key, times_erased=times_erased)
    return Answer(_payload(unread, _default(unread), "fallback"))


def layout_payload(
    *, key: str, slug: str, now: datetime, is_proved: bool = True
) -> dict[str, Any] | None:
    """The payload for server-side templates; None for an unknown surface. is_proved: False gives
    the default layout."""
    page = serving.page(slug)
    if page is None:
        return None
    with in_time():
        answer = (
            layout_read(key=key, page=page, now=now)
            if is_proved
            else fallback(key=key, page=page, why="failed", times_erased=0)
        )
    answer.finish()
    data: dict[str, Any] = json.loads(answer.body)
    return data


def in_time() -> AbstractContextManager[None]:
    """Waits for the database UIENGINE_DATABASE_MS in all, unless in a transaction of the host's:
    giving up would lose the host's own work."""
    return patience(inf if database.connection().in_atomic_block else database_seconds())


def decide(found: DecisionContext, variants: int = 1) -> tuple[Decision, str]:
    """Returns the decision to serve, with up to `variants` variants, and its status."""
    version, mode = found.page.version, found.page.surface.mode
    if not found.key or version is None or mode == "off" or found.is_control:
        held = (
            engine.fixed_layout(request_of(found))
            if found.key and mode != "off"
            else _default(found)
        )
        return held, held.status
    request = request_of(found, variants=variants)
    if search_budget.is_aside(version.id) and engine.fixed_order(request) is None:
        raise LateVersionError(f"version {version.id} is set aside: it takes too long")
    decision = engine.decide(request, version)
    if mode != "dry_run":
        return decision, decision.status
    order = ",".join(decision.layout.order)
    log.info("layout.dry_run surface=%s order=%s", found.page.surface.slug, order)
    shown = _default(found).layout
    return replace(decision, layout=shown, reasons=(), expected=None, unused=None), "dry_run"


def _default(found: DecisionContext) -> Decision:
    request = Request(found.page.surface, Profile(), Popularity(), found.day)
    return Decision(
        layout=engine.default_layout(request),
        status="default",
        version="",
        revision=found.page.surface.revision,
        visit=found.visit,
        generation=found.profile.feedback.generation,
    )


def _newest(
    found: DecisionContext,
    slot: answer_cache.CacheSlot,
    seen: answer_cache.CacheRead,
    known: str,
    now: datetime,
    started: float,
) -> tuple[CachedAnswer, bytes]:
    """Returns the answer to cache from now on: the last one if its decision still holds, or a
    new one."""
    tag = slot.tag(found.name)
    last, since, etag = seen.last, to_milliseconds(now), answer_cache.held(tag, known)
    if last and last.tag == tag and not last.basis and (seen.body or etag):
        rendered = Answer(seen.body, last.etag, last.counted)
    elif etag:
        rendered = Answer(b"", etag)
    else:
        return _decided(found, slot, tag, since, _budget(found, tag, last, started))
    newest = kept_answer(found, slot, tag, since, rendered)
    answer_cache.keep(slot.entries(newest, rendered.body), found.unkept)
    return newest, rendered.body


def _confirmed(
    slot: answer_cache.CacheSlot, seen: answer_cache.CacheRead, now: datetime
) -> tuple[CachedAnswer, Answer] | None:
    """The answer that a worker made ahead, if the database still has what it was made of.

    One short statement tells. It is stored as given once it is sent, so that repeats need none.
    """
    made = seen.made_ahead(slot.page, now)
    row = state_cache.row_version(slot.key, slot.page) if made else None
    if made is None or row is None or made.basis != basis_of(slot.page, row, now):
        return None
    since = to_milliseconds(now)
    until, generation = min(made.until, since + answer_cache.UNASKED), seen.generation or ""
    given = made._replace(generation=generation, since=since, until=until, basis="")
    after = partial(answer_cache.keep_given, slot, given)
    return given, Answer(seen.body, made.etag, (*made.counted, "made_ahead"), after)


def _decided(
    found: DecisionContext, slot: answer_cache.CacheSlot, tag: str, since: int, budget: int
) -> tuple[CachedAnswer, bytes]:
    """Decides and stores; decides again if the visit already has another budget."""
    while True:
        mine = replace(found, budget=budget)
        rendered = rendered_answer(mine, tag, slot.variants)
        newest = kept_answer(mine, slot, tag, since, rendered)
        unkept = slot.asked(found.unkept)
        agreed = budget_agree(found, budget, slot.entries(newest, rendered.body), unkept)
        if agreed == budget:
            return newest, rendered.body
        budget = agreed


def _budget(found: DecisionContext, tag: str, last: CachedAnswer | None, started: float) -> int:
    """Returns the budget to propose for the visit.

    It is the visit's own; or the last answer's, if only its body was evicted; or what time allows.
    """
    if found.budget or not found.key:
        return found.budget
    said = min(last.budget, settings.UIENGINE_BUDGET) if last and last.tag == tag else 0
    return said or affordable(time.perf_counter() - started)


def kept_answer(
    found: DecisionContext, slot: answer_cache.CacheSlot, tag: str, since: int, rendered: Answer
) -> CachedAnswer:
    return CachedAnswer(
        generation=found.cached_as,
        page=slot.page.name,
        since=since,
        until=min(found.until, since + answer_cache.UNASKED),
        tag=tag,
        decided_by=found.decided_by,
        is_decided_by_another=found.is_decided_by_another,
        etag=rendered.etag,
        counted=rendered.counted,
    )


def rendered_answer(found: DecisionContext, tag: str, variants: int) -> Answer:
    if found.key:  # may query the database, so it runs before others have to wait
        serving.popularity(found.page, found.day)
    version = found.page.version if found.decided_by else None
    with search_budget.deciding(version.id if version else ""):
        with tracing.span("layout.decide") as span:
            decision, status = decide(found, variants)
            if span:
                span.set_attributes(_told(decision, status))
        body = _payload(found, decision, status)
    return Answer(body, f'"{tag}-{found.budget}"', _counted(found, decision, status))


def _told(decision: Decision, status: str) -> dict[str, str | int]:
    """Attributes of the decision's span."""
    return {
        "layout.status": status,
        "layout.version": decision.version,
        "layout.candidates": len(decision.candidates),
    }


def _counted(found: DecisionContext, decision: Decision, status: str) -> tuple[str, ...]:
    if decision.energy is None or found.budget >= settings.UIENGINE_BUDGET:
        return (status,)
    return (status, "system_1" if decision.system == 1 else "budget_lowered")


def _payload(found: DecisionContext, decision: Decision, status: str) -> bytes:
    return payload(
        found.page.surface,
        decision,
        mine=found.surface,
        status=status,
        budget=found.budget,
        signed=decisions.sign(served(found, decision, status)),
        undo=_undoes(found, decision),
        whose="" if keys.is_visitor(found.key) else decisions.subject_hash(found.key),
        feedback=found.profile.feedback,
        variants=[
            (variant, decisions.sign(served(found, _instead(decision, variant), status)))
            for variant in decision.variants
        ],
    )


def _undoes(found: DecisionContext, decision: Decision) -> str:
    if not found.key:
        return "nothing"
    surface, feedback = found.page.surface, found.profile.feedback
    before = found.before or default_order(surface)
    if feedback.tray:
        before = on_page(before, surface, feedback)
    return undoes(
        found.profile,
        order=decision.layout.order,
        before=before,
        sizes=decision.layout.sizes,
        sizes_before=found.sizes_before,
    )


def payload_for_nobody(found: DecisionContext, decision: Decision, status: str) -> bytes:
    """Renders the decision without a subject; events that carry it are ignored."""
    return _payload(replace(found, key=""), decision, status)


def _instead(decision: Decision, variant: Variant) -> Decision:
    """The decision of a page that shows a variant, chosen by the page itself."""
    if variant.layout.order == decision.layout.order:
        return decision
    return replace(decision, layout=variant.layout, propensity=1.0, explored=False, candidates=())


def served(found: DecisionContext, decision: Decision, status: str) -> decisions.Served:
    """Builds the content of the signed decision."""
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
        sizes=decision.layout.sizes,
    )


def _drawable(decision: Decision) -> tuple[decisions.Drawable, ...]:
    """The candidates of a draw. Propensities are exact, as estimates divide by them; energies
    are rounded."""
    slot = decision.layout.ranks
    return tuple(
        (tuple(slot[b] for b in candidate.order), round(candidate.energy, 4), candidate.propensity)
        for candidate in decision.candidates
    )
