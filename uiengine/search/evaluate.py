"""Evaluates given orders under a version, without a search."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from uiengine.behaviour.profile import Sizes
from uiengine.cost.cost_matrix import geometry
from uiengine.cost.energy import Floats, horizon_energy
from uiengine.model.prediction import Prediction
from uiengine.request import Request
from uiengine.search.assignment import last_order, outlook
from uiengine.search.resizing import sizing_of


def energies(
    request: Request,
    prediction: Prediction,
    orders: Sequence[Sequence[str]],
    sizes: Sizes | None = None,
) -> Floats:
    """Horizon seconds of K orders of all blocks of the surface, (K,); lower is better.

    sizes: size classes that all of them have, where the surface lets sizes change; None for those
    of the last layout.
    """
    index = request.surface.index
    last = np.array([index[block_id] for block_id in last_order(request)])
    rows = np.array([[index[block_id] for block_id in order] for order in orders])
    ranks = np.argsort(rows, axis=1)
    shifts, expected = ranks - np.argsort(last), outlook(request, prediction)
    if not request.surface.guardrails.sizes:
        pointing = geometry(request.surface, prediction.size_class).pointing(rows)
        return horizon_energy(ranks, shifts, pointing, expected)
    sizing = sizing_of(request)
    classes = sizing.last
    if sizes is not None:
        classes = np.array([sizes.get(block_id, 1) for block_id in index])
    pointing = sizing.page.geometry(request.surface, classes).pointing(rows)
    is_resized = np.repeat((classes != sizing.last)[None], len(rows), axis=0)
    return horizon_energy(ranks, shifts, pointing, expected, is_resized)
