"""Predicts rewards for the doubly robust estimate.

One ridge regression per surface, on the rank of every block and, where the log has them, the
modelled seconds of the layout. It is cross-fitted: no person's rewards are predicted by a model
that was fitted to them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ml.ope.log import LoggedVisit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FOLDS = 5
PENALTY = 1.0
"""Ridge penalty on standardised features; it weighs as much as one visit per feature."""


def predicted_rewards(visits: Sequence[LoggedVisit], users: Ints) -> list[Floats]:
    """Returns the expected reward of each of a visit's layouts, (K,) per visit.

    users: (V,), the user number of each visit.
    """
    # Folds are random: users may be logged in a periodic order.
    fold_of = np.random.default_rng(0).permutation(int(users.max()) + 1) % FOLDS
    overall = float(np.mean([v.reward for v in visits]))
    predicted = [np.full(len(v.layouts), overall) for v in visits]
    for surface in sorted({v.surface for v in visits}):
        own = [i for i, v in enumerate(visits) if v.surface == surface]
        table = _features([visits[i] for i in own])
        rewards = np.array([visits[i].reward for i in own])
        served = np.array([rows[visits[i].chosen] for i, rows in zip(own, table, strict=True)])
        folds = fold_of[users[own]]
        for fold in range(FOLDS):
            learn = folds != fold
            if not learn.any():
                continue
            expect = _Ridge(served[learn], rewards[learn])
            for place in np.flatnonzero(~learn):
                predicted[own[place]] = expect(table[place])
    return predicted


def _features(visits: Sequence[LoggedVisit]) -> list[Floats]:
    """Builds per visit (K, blocks) ranks, plus energies where all visits have them."""
    blocks = sorted({block for v in visits for order in v.layouts for block in order})
    place = {block: i for i, block in enumerate(blocks)}
    with_energy = all(v.energies is not None for v in visits)
    table = []
    for visit in visits:
        rows = np.zeros((len(visit.layouts), len(blocks) + with_energy))
        for row, order in zip(rows, visit.layouts, strict=True):
            row[: len(blocks)] = len(order)
            row[[place[block] for block in order]] = np.arange(len(order))
        if visit.energies is not None and with_energy:
            rows[:, -1] = visit.energies
        table.append(rows)
    return table


class _Ridge:
    """Ridge regression; calling it maps features (K, F) to expected rewards (K,)."""

    def __init__(self, features: Floats, rewards: Floats) -> None:
        self.centre, self.mean = features.mean(axis=0), float(rewards.mean())
        spread = features.std(axis=0)
        self.scale = np.where(spread > 0, spread, 1.0)
        scaled = (features - self.centre) / self.scale
        inner = scaled.T @ scaled + PENALTY * np.eye(scaled.shape[1])
        self.slopes: Floats = np.linalg.solve(inner, scaled.T @ (rewards - self.mean))

    def __call__(self, features: Floats) -> Floats:
        expected: Floats = self.mean + (features - self.centre) / self.scale @ self.slopes
        return expected
