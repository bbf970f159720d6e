"""Positions of the blocks in replayed layouts, and the time to point at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ml.data.histories import page
from ml.evaluation.replay_file import Box, ReplayVisit
from uiengine.cost import energy
from uiengine.page.layout import pack
from uiengine.page.surface import Surface

Order = tuple[tuple[str, Box], ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """A block in a layout: rank from 0, T_point in modelled seconds, smaller side in px."""

    rank: int
    pointing: float
    side: float


class Pages:
    """Caches the spots of layouts, as few layouts are shown over and over.

    surfaces: real pages, taken at their widest breakpoint. Any other surface is the page of files:
    one column, rows of 120 px, no fold.
    """

    def __init__(self, surfaces: Mapping[str, Surface] | None = None) -> None:
        self._given = dict(surfaces or {})
        self._served: dict[tuple[str, Order], dict[str, Spot]] = {}
        self._defaults: dict[tuple[str, tuple[str, ...], int], dict[str, Spot]] = {}

    def served(self, visit: ReplayVisit) -> Mapping[str, Spot]:
        """Returns the spots of the layout that the policy served."""
        order = tuple(visit.layout.items())
        key = (visit.surface, order)
        if key not in self._served:
            surface = self._surface(visit)
            columns = surface.widest.columns
            if visit.surface not in self._given:
                columns = max(x + w for _, (x, _, w, _) in order)
            self._served[key] = _spots(surface, order, columns)
        return self._served[key]

    def default(self, visit: ReplayVisit) -> Mapping[str, Spot]:
        """Returns the spots of the default that it replaced, packed by the engine."""
        key = (visit.surface, visit.default, len(visit.layout))
        if key not in self._defaults:
            surface = self._surface(visit)
            known = [block for block in visit.default if block in surface.index]
            rest = [block.id for block in surface.blocks if block.id not in visit.default]
            placed = pack(surface, [*known, *rest]).placements[surface.widest.name]
            order = tuple((p.id, (p.x, p.y, p.w, p.h)) for p in placed)
            self._defaults[key] = _spots(surface, order, surface.widest.columns)
        return self._defaults[key]

    def _surface(self, visit: ReplayVisit) -> Surface:
        given = self._given.get(visit.surface)
        return given or page(visit.surface, sorted({*visit.layout, *visit.default}))


def _spots(surface: Surface, order: Order, columns: int) -> dict[str, Spot]:
    """Computes spots. order: blocks in reading order with their cells in a grid of `columns`."""
    column, row = surface.widest.width / columns, surface.row_height
    boxes = np.array([box for _, box in order], dtype=np.float64) * (column, row, column, row)
    x, y, w, h = boxes.T
    pointing = energy.pointing_seconds(x, y, w, h, float(surface.widest.viewport_height))
    side = boxes[:, 2:].min(axis=1)
    return {
        block: Spot(rank, float(pointing[rank]), float(side[rank]))
        for rank, (block, _) in enumerate(order)
    }
