"""Whose pages are decided twice: people with a past, chosen by a hash, each with a request."""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import replace
from datetime import datetime

from django.conf import settings

from uiengine.behaviour.days import day_of
from uiengine.put_away import page_of
from uiengine.request import Request
from webapp.codebooks.books import popularity_of
from webapp.codebooks.pipeline.stored_visits import NOBODY
from webapp.lib.times import to_milliseconds
from webapp.subjects import mappers
from webapp.subjects.decisions import is_control
from webapp.subjects.models import Profile
from webapp.subjects.visit_state import settle
from webapp.surfaces.mappers import to_surface
from webapp.surfaces.models import Surface

MOST_PEOPLE = 2000
"""People of a page who are compared, at most: those with the least hashes, always the same."""
AT_ONCE = 500
"""Profiles read at once."""


def requests_of(surface: Surface, now: datetime) -> dict[str, Request]:
    """Returns a request per subject key: everybody's page as it would be decided now.

    Only of people with a closed visit whom versions serve, so without the control share. Nothing is
    drawn: draws differ without any change of versions.
    """
    page = to_surface(surface)
    page = replace(page, guardrails=replace(page.guardrails, exploration=0.0))
    milliseconds, gap = to_milliseconds(now), surface.visit_minutes * 60_000
    day = day_of(milliseconds, page.zone)
    popularity = popularity_of(surface, day)
    found: dict[str, Request] = {}
    chosen = _sample(surface)
    for begin in range(0, len(chosen), AT_ONCE):
        rows = Profile.objects.filter(pk__in=chosen[begin : begin + AT_ONCE])
        for row in rows.select_related("subject").order_by("pk"):
            state = mappers.to_state(row)
            settle(state, milliseconds, gap)
            if state.profile.visits:
                found[row.subject.key] = Request(
                    surface=page_of(page, state.profile.feedback),
                    profile=state.profile,
                    popularity=popularity,
                    day=day,
                    visit="churn",
                    budget=settings.UIENGINE_BUDGET,
                )
    return found


def _sample(surface: Surface) -> list[int]:
    """Primary keys of at most MOST_PEOPLE profiles; the same people each time."""
    rows = Profile.objects.filter(surface=surface).values_list("subject__key", "pk")
    percent = surface.control_percent if surface.mode == Surface.Mode.LIVE else 0
    hashed = (
        (_hash(surface.slug, key), pk)
        for key, pk in rows.iterator(chunk_size=5000)
        if not key.startswith(NOBODY) and not is_control(key, surface.slug, percent)
    )
    return [pk for _, pk in heapq.nsmallest(MOST_PEOPLE, hashed)]


def _hash(slug: str, key: str) -> bytes:
    return hashlib.sha256(f"churn\n{slug}\n{key}".encode()).digest()
