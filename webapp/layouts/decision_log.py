"""What `python -m ml.ope` reads: visits whose layout was drawn, and what another version makes of
them. A line per visit; subjects by the keyed hash that their decisions carry.
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
from uiengine.request import Request
from uiengine.search.evaluate import energies
from uiengine.search.exploration import propensities
from webapp.serving.pages import Page, serving
from webapp.subjects.decisions import subject_hash
from webapp.subjects.models import Visit

AT_ONCE = 200
"""Visits decoded in one batch."""


def drawn_visits(page: Page) -> QuerySet[Visit]:
    """Closed visits under the surface's present revision whose layout was drawn."""
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


def logged_line(page: Page, visit: Visit) -> dict[str, Any]:
    """The visit as it was served; reward None where nothing was used."""
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
    """How likely another version would have served each layout that could be drawn.

    It chooses among these alone, by its own energies and with the same exploration: the log can say
    nothing of others. Beside each line, whether the layout it would have found by itself is one.
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
    own = engine.choose(replace(request, surface=_without_exploration(page)), prediction, "")
    return line, list(own.layout.order) in layouts


def _request(page: Page, visit: Visit) -> Request:
    """What the engine was asked when the visit began; the profile is kept with the visit."""
    decision = _drawn(visit)
    return Request(
        surface=page.surface,
        profile=profile_json.load(visit.before or {}),
        popularity=serving.popularity(page, decision.day),
        day=decision.day,
        visit=visit.visit,
        budget=decision.budget,
    )


def _without_exploration(page: Page) -> Surface:
    guardrails = replace(page.surface.guardrails, exploration=0.0)
    return replace(page.surface, guardrails=guardrails)


def _named(page: Page, visit: Visit) -> dict[str, str]:
    user = subject_hash(visit.profile.subject.key)
    return {"user": user, "surface": page.surface.slug, "visit": visit.visit}


def _drawn(visit: Visit) -> Any:
    assert visit.drawn is not None
    return visit.drawn
