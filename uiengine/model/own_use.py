"""Takes out of a prediction what a person does not want to have expected of them.

Such a block stands by the person's own use alone, so one that they never used is not needed, as far
as the page knows. The others share what is left as they did.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from uiengine.behaviour.profile import day_uses_at, day_visits_at, habit_at
from uiengine.model.prediction import Floats, Prediction
from uiengine.request import Request

LEAST = 1e-4
"""Smallest share of a block, as times and scores are of its logarithm."""
LONGEST = -1
"""Index of the longest half-life of a profile's counters."""


def own_use_alone(request: Request, prediction: Prediction) -> Prediction:
    """The prediction with the blocks of `Feedback.unexpected` by own use alone.

    Their shares and outlook become the person's own decayed share, so that shrinking own use
    towards them changes nothing (see `search.assignment.outlook`); their demand becomes the
    person's own share of visits with them.
    """
    ids = list(request.surface.index)
    unexpected = np.isin(ids, request.profile.feedback.unexpected)
    habits, rates = _habits(request, ids), _rates(request, ids)
    own = habits / habits.sum() if habits.any() else habits

    def without(share: Floats) -> Floats:
        left, rest = 1.0 - own[unexpected].sum(), share[~unexpected].sum()
        kept = np.where(unexpected, own, share * left / max(rest, LEAST))
        least = np.maximum(kept, LEAST)
        return np.asarray(least / least.sum(), dtype=np.float64)

    share = without(prediction.share)
    return replace(
        prediction,
        score=np.log(share),
        demand=np.where(unexpected, rates, prediction.demand),
        share=share,
        tokens_share=without(prediction.tokens_share),
        outlook=without(prediction.outlook),
    )


def _habits(request: Request, ids: list[str]) -> Floats:
    known, visits = request.profile.blocks, request.profile.visits
    return np.array([habit_at(known[b], visits) if b in known else 0.0 for b in ids])


def _rates(request: Request, ids: list[str]) -> Floats:
    known, day = request.profile.blocks, request.day
    visits = max(day_visits_at(request.profile, day)[LONGEST], 1e-9)
    uses = [day_uses_at(known[b], day)[LONGEST] if b in known else 0.0 for b in ids]
    return np.minimum(np.array(uses) / visits, 1.0)
