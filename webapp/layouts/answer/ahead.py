"""Makes the answer of a person's next visit before it is asked for, once a visit has closed.

A worker decides as the web process would, and leaves the answer in the shared cache. It is given
only to a request that finds the very state, page, day and popularity that it was made of (see
`read._confirmed`); anything else is decided anew.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache

from uiengine import engine
from webapp.layouts.answer.answer_cache import CacheSlot, asked_of, keep_ahead
from webapp.layouts.answer.context import DecisionContext, basis_of, decision_context, request_of
from webapp.layouts.answer.payload import Voice, speaking
from webapp.layouts.answer.read import kept_answer, rendered_answer
from webapp.lib.times import to_milliseconds
from webapp.serving.pages import Page, serving
from webapp.subjects import state_cache
from webapp.subjects.models import Profile

log = logging.getLogger(__name__)
DAYS = timedelta(days=7)
"""How far back the last visit may be of those whose answers are made as a day begins."""


def answers_make(*, profiles: Sequence[int], now: datetime) -> int:
    """Makes the next answers of these profiles; returns how many there are."""
    rows = Profile.objects.filter(pk__in=profiles).values_list("subject__key", "surface__slug")
    made = 0
    for key, slug in rows:
        page = serving.page(slug)
        try:
            made += page is not None and answer_make(key=key, page=page, now=now)
        except Exception:  # the request itself will decide, or say what failed
            log.warning("ahead.not_made surface=%s", slug, exc_info=True)
    return made


def profiles_expected(*, surface_id: int, now: datetime) -> list[int]:
    """Profiles of people who came within DAYS, the latest first, as many as answers are kept."""
    lately = Profile.objects.filter(surface_id=surface_id, updated_at__gte=now - DAYS)
    latest = lately.order_by("-updated_at").values_list("pk", flat=True)
    return list(latest[: settings.UIENGINE_ANSWERS])


def answer_make(*, key: str, page: Page, now: datetime) -> bool:
    """Makes a person's next answer, in the voice of the last one.

    None is made where nobody was answered lately, a visit is open, or nothing is decided: the page
    is not live, or the person froze it, opted out or chose it without profiling.
    """
    voice, row = asked_of(key, page.surface.slug), state_cache.row_version(key, page)
    if voice is None or row is None or page.surface.mode != "live":
        return False
    # From the database, which is at least as new as the row's version.
    _, generation = state_cache.names(key, page.surface.slug)
    state = cache.get_many([generation])
    found = decision_context(key=key, page=page, now=now, state=state)
    if found.is_open or engine.fixed_order(request_of(found)) is not None:
        return False
    return _keep(replace(found, budget=settings.UIENGINE_BUDGET), page, voice, row, now)


def _keep(
    found: DecisionContext, page: Page, voice: Voice, row: state_cache.RowVersion, now: datetime
) -> bool:
    slot = CacheSlot(found.key, page, voice, 1)
    with speaking(voice):
        answer = rendered_answer(found, slot.tag(found.name), 1)
    kept = kept_answer(found, slot, slot.tag(found.name), to_milliseconds(now), answer)
    made = kept._replace(until=found.until, basis=basis_of(page, row, now))
    return keep_ahead(slot, made, answer.body, found.budget_name)
