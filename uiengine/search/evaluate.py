"""Evaluates given orders under a version, without a search."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from uiengine.cost.cost_matrix import geometry
from uiengine.cost.energy import Floats, horizon_energy
from uiengine.model.prediction import Prediction
from uiengine.request import Request
from uiengine.search.assignment import last_order, outlook


def energies(request: Request, prediction: Prediction, orders: Sequence[Sequence[str]]) -> Floats:
    """Horizon seconds of K orders of all blocks of the surface, (K,); lower is better."""
    index = request.surface.index
    last = np.array([index[block_id] for block_id in last_order(request)])
    rows = np.array([[index[block_id] for block_id in order] for order in orders])
    ranks = np.argsort(rows, axis=1)
    pointing = geometry(request.surface, prediction.size_class).pointing(rows)
    return horizon_energy(ranks, ranks - np.argsort(last), pointing, outlook(request, prediction))
