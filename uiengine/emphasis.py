"""Which block is expected next, so surely that the page may point to it instead of moving it.

A block that appears before the others was found faster than on a plain page when it was the right
one, and not slower when it was not (Findlater, Moffatt, McGrenere, Dawson: Ephemeral adaptation,
CHI 2009, on menus).
"""

from __future__ import annotations

from uiengine.behaviour.profile import day_uses_at, day_visits_at
from uiengine.decision import Expected
from uiengine.model.prediction import Prediction
from uiengine.request import Request

LEAST_SURE = 0.5
"""Smallest probability of use at the next visit; below it the page would be wrong more often than
right."""
LEAST_VISITS = 3
"""Visits of one's own below which nothing is expected of a person."""
LONGEST = -1
"""Index of the longest half-life of a profile's counters."""


def expected(request: Request, prediction: Prediction) -> Expected | None:
    """The block that is used most surely at this visit; None below LEAST_SURE or LEAST_VISITS, and
    where the surface's owner did not ask for it."""
    surface, profile = request.surface, request.profile
    if not surface.guardrails.points or profile.visits < LEAST_VISITS:
        return None
    probability = _rates(request) if prediction.is_guess else prediction.demand.tolist()
    best = max(range(len(probability)), key=probability.__getitem__)
    if probability[best] < LEAST_SURE:
        return None
    return Expected(surface.blocks[best].id, min(float(probability[best]), 1.0))


def _rates(request: Request) -> list[float]:
    """The person's own share of visits with each block, lately; 0 for what was never used."""
    profile, day = request.profile, request.day
    visits = max(day_visits_at(profile, day)[LONGEST], 1e-9)
    known = profile.blocks
    return [
        day_uses_at(known[block.id], day)[LONGEST] / visits if block.id in known else 0.0
        for block in request.surface.blocks
    ]
