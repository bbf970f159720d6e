"""Exports visits with drawn layouts for `python -m ml.ope`, and another version's view of them.

There is one line per visit; subjects are named by the keyed hash in their decisions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from django.db.models import QuerySet

from uiengine import engine
from uiengine.behaviour import profile_json
from uiengine.model.prediction import Prediction, Version
from uiengine.page.surface import Surface
from uiengine.put_away import page_of
from uiengine.request import Request
from uiengine.search.evaluate import energies
from uiengine.search.exploration import propensities
from webapp.serving.pages import Page, serving
from webapp.subjects.decisions import subject_hash
from webapp.subjects.models import Visit

AT_ONCE = 200
"""Number of visits decoded in one batch."""


def drawn_visits(page: Page) -> QuerySet[Visit]:
    """Closed visits under the surface's current revision whose layout was drawn."""
    return (
        Visit.objects.filter(
            profile__surface_id=page.surface_id,
            is_closed=True,
            before__isnull=False,
            drawn__revision=page.surface.revision,
        )
        .select_related("drawn", "profile__subject")
        .order_by("started_at", "pk")
    )


def visits_by_byte(page: Page) -> int:
    """Closed visits under the current revision that showed an entry of a book.

    Nothing was drawn for them (propensity 1), so they say nothing about other layouts.
    """
    rows = Visit.objects.filter(profile__surface_id=page.surface_id, is_closed=True)
    rows = rows.filter(decision__revision=page.surface.revision)
    return rows.exclude(decision__book="").count()


def logged_line(page: Page, visit: Visit) -> dict[str, Any]:
    """The visit as it was served; reward is None if no block was used."""
    decision = _drawn(visit)
    return {
        **_named(page, visit),
        "version": decision.version,
        "layout": decision.order,
        "propensity": decision.propensity,
        "reward": visit.reward,
        "candidates": [
            {"layout": [decision.order[place] for place in places], "energy": e, "propensity": p}
            for places, e, p in decision.candidates
        ],
    }


def target_lines(
    page: Page, visits: Iterable[Visit], version: Version
) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yields another version's probability of each layout that could be drawn.

    The version chooses among these layouts only, by its own energies and with equal exploration,
    because the log says nothing about others. With each line comes True if the layout that the
    version would find by itself is among them.
    """
    rest = iter(visits)
    while some := list(itertools.islice(rest, AT_ONCE)):
        requests = [_request(page, visit) for visit in some]
        for visit, request, prediction in zip(some, requests, version.read(requests), strict=True):
            yield _target_line(page, visit, request, prediction)


def _target_line(
    page: Page, visit: Visit, request: Request, prediction: Prediction
) -> tuple[dict[str, Any], bool]:
    layouts = [line["layout"] for line in logged_line(page, visit)["candidates"]]
    seconds = energies(request, prediction, layouts)
    best_first = np.argsort(seconds, kind="stable")
    chances = np.zeros(len(layouts))
    share = page.surface.guardrails.exploration
    chances[best_first] = propensities(seconds[best_first].tolist(), share)
    table = zip(layouts, chances.tolist(), seconds.tolist(), strict=True)
    line = {
        **_named(page, visit),
        "candidates": [{"layout": y, "propensity": p, "energy": e} for y, p, e in table],
    }
    own = engine.choose(
        replace(request, surface=_without_exploration(request.surface)), prediction, ""
    )
    return line, list(own.layout.order) in layouts


def _request(page: Page, visit: Visit) -> Request:
    """Rebuilds the engine's request at the visit's start; the profile was stored with the visit."""
    decision = _drawn(visit)
    profile = profile_json.load(visit.before or {})
    return Request(
        surface=page_of(page.surface, profile.feedback),
        profile=profile,
        popularity=serving.popularity(page, decision.day),
        day=decision.day,
        visit=visit.visit,
        budget=decision.budget,
    )


def _without_exploration(surface: Surface) -> Surface:
    return replace(surface, guardrails=replace(surface.guardrails, exploration=0.0))


def _named(page: Page, visit: Visit) -> dict[str, str]:
    user = subject_hash(visit.profile.subject.key)
    return {"user": user, "surface": page.surface.slug, "visit": visit.visit}


def _drawn(visit: Visit) -> Any:
    assert visit.drawn is not None
    return visit.drawn
