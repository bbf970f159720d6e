"""Exploration with exact propensities: a share of visits is served a layout other than the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from uiengine.cost.coefficients import VALUES
from uiengine.cost.energy import Floats
from uiengine.decision import Candidate


def candidates(
    ranked: Sequence[tuple[tuple[str, ...], float]], share: float
) -> tuple[Candidate, ...]:
    """The candidates of a draw. ranked: distinct orders with their energies, best first."""
    chances = propensities([energy for _, energy in ranked], share)
    return tuple(
        Candidate(order, energy, float(chance))
        for (order, energy), chance in zip(ranked, chances, strict=True)
    )


def propensities(energies: Sequence[float], share: float) -> Floats:
    """π(y) = (1−c)·[y is best] + c·softmax(−E/τ) over distinct layouts, best first. share: c."""
    relative = np.array(energies) - energies[0]
    weights = np.exp(-relative / VALUES["temperature"])
    chances: Floats = share * weights / weights.sum()
    chances[0] += 1.0 - share
    return chances


def explore(energies: Sequence[float], share: float, seed: int) -> tuple[int, float]:
    """Draws once: the index of the layout to serve and its propensity. A share of 0 gives the
    best."""
    if share <= 0 or len(energies) == 1:
        return 0, 1.0
    chances = propensities(energies, share)
    drawn = np.random.Generator(np.random.PCG64(seed)).random()
    chosen = min(int(np.searchsorted(np.cumsum(chances), drawn, side="right")), len(chances) - 1)
    return chosen, float(chances[chosen])
