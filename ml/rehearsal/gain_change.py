"""Whether one replay gains more than another of the same visits: interval over people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ml.data.histories import RecordedVisit

DRAWS = 2000
"""Bootstrap draws of people."""
NAMES = ("estimate", "low", "high")
Line = Mapping[str, Any]


def gain_change(
    lines: Sequence[Line], others: Sequence[Line], visits: Sequence[RecordedVisit], seed: int = 0
) -> dict[str, dict[str, float]]:
    """Returns per surface the captured gain of `lines` minus that of `others`, with the 95 %
    percentile interval over people.

    Both are of the same visits under the same default order. Surfaces where no order can gain are
    left out.
    """
    found = {}
    for slug in sorted({visit.surface for visit in visits}):
        sums: dict[str, list[float]] = {}
        for one, other, visit in zip(lines, others, visits, strict=True):
            if visit.surface != slug:
                continue
            saved = _mean_rank(other["layout"], visit) - _mean_rank(one["layout"], visit)
            static = np.mean([one["default"].index(b) for b in visit.blocks])
            room = float(static) - (len(visit.blocks) - 1) / 2
            total = sums.setdefault(visit.user, [0.0, 0.0])
            total[0], total[1] = total[0] + saved, total[1] + room
        table = np.array([sums[user] for user in sorted(sums)])
        if table[:, 1].sum() > 0:
            found[slug] = _interval(table, seed)
    return found


def _interval(table: np.ndarray, seed: int) -> dict[str, float]:
    """table: (people, 2), ranks saved and ranks that could be saved."""
    drawn = np.random.default_rng(seed).integers(0, len(table), (DRAWS, len(table)))
    saved, room = (table[:, i][drawn].sum(axis=1) for i in range(2))
    low, high = np.quantile(saved[room > 0] / room[room > 0], [0.025, 0.975])
    estimate = table[:, 0].sum() / table[:, 1].sum()
    return {name: round(float(v), 4) for name, v in zip(NAMES, (estimate, low, high), strict=True)}


def _mean_rank(layout: Sequence[Line], visit: RecordedVisit) -> float:
    ranks = {item["id"]: rank for rank, item in enumerate(layout)}
    return float(np.mean([ranks[block] for block in visit.blocks]))
