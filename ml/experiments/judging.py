"""Figures of a policy given as scores; higher scores rank nearer the top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ml.evaluation.judge import captured, judge
from ml.experiments.split import Side
from uiengine.page.surface import Surface

Line = dict[str, Any]
BINS = ((0, 1), (1, 2), (2, 3), (3, 5), (5, 10), (10, 20), (20, 50), (50, 10**9))
"""Bins of the few-shot curve: number of past visits, from (inclusive) and to (exclusive)."""


def ranks_of(scores: np.ndarray, side: Side) -> np.ndarray:
    """Ranks blocks by falling score, (V, N); ties follow the static order, padding comes last."""
    real = side.examples.mask > 0
    order = np.lexsort((side.static, np.where(real, -scores, np.inf)), axis=1)
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(order.shape[1]), order.shape), 1)
    return ranks


def columns_of(ranks: np.ndarray, side: Side, base: np.ndarray | None = None) -> dict[str, Any]:
    """Mean rank of each visit's used blocks: static (S), policy (P), clairvoyant (C), each (V,).

    base: (V, N), ranks to compare with instead of the static order's.
    """
    used = side.examples.share.numpy() > 0
    count = used.sum(1)
    static = side.static if base is None else base
    return {
        "S": (static * used).sum(1) / count,
        "P": (ranks * used).sum(1) / count,
        "C": (count - 1) / 2,
    }


def gains(ranks: np.ndarray, side: Side, base: np.ndarray | None = None) -> Iterator[Line]:
    """Yields captured gain per surface: over all visits, the first three, the first."""
    columns, surface, number = columns_of(ranks, side, base), side.surface, side.number
    for slug in sorted(set(surface)):
        here = surface == slug
        yield {
            "surface": slug,
            "visits": int(here.sum()),
            "captured": _gain(columns, here),
            "captured_first_three": _gain(columns, here & (number < 3)),
            "captured_first": _gain(columns, here & (number == 0)),
        }


def few_shot(ranks: np.ndarray, side: Side) -> Iterator[Line]:
    """Yields captured gain per surface and number of past visits."""
    columns, surface, number = columns_of(ranks, side), side.surface, side.number
    for slug in sorted(set(surface)):
        for low, high in BINS:
            here = (surface == slug) & (number >= low) & (number < high)
            if here.any():
                row = {"surface": slug, "past": low, "visits": int(here.sum())}
                yield {**row, "captured": _gain(columns, here)}


def judged(
    ranks: np.ndarray, side: Side, surfaces: Mapping[str, Surface], orders: Mapping[str, Any]
) -> Iterator[Line]:
    """Yields `ml.judge`'s figures: captured gain, modelled seconds and reading, blocks moved."""
    yield from judged_lines(replay_lines(ranks, side, surfaces, orders), side)


def judged_lines(lines: Sequence[Line] | Iterator[Line], side: Side) -> Iterator[Line]:
    """Yields the figures of `judged` for replay lines as `ml.replay` writes them."""
    used = {(v.surface, v.user, str(v.at)): list(v.blocks) for v in side.visits}
    for found in judge(lines, used):
        yield {k: _rounded(v) if isinstance(v, float) else v for k, v in found.items()}


def replay_lines(
    ranks: np.ndarray, side: Side, surfaces: Mapping[str, Surface], orders: Mapping[str, Any]
) -> Iterator[Line]:
    ids = {slug: list(surface.index) for slug, surface in surfaces.items()}
    for visit, row in zip(side.visits, ranks, strict=True):
        names = ids[visit.surface]
        shown = sorted(range(len(names)), key=row.__getitem__)
        yield {
            "user": visit.user,
            "surface": visit.surface,
            "at": visit.at,
            "visit": visit.number,
            "layout": [{"id": names[i]} for i in shown],
            "default": orders[visit.surface],
            "tokens": [],
        }


def _gain(columns: dict[str, Any], where: np.ndarray) -> float | None:
    """Returns the captured gain of some visits, None where there is none."""
    return _rounded(captured(columns, where)) if where.any() else None


def _rounded(value: float) -> float:
    return round(float(value), 4)
