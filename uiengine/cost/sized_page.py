"""A page in px at the widest breakpoint, for any choice of size classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from uiengine.cost.coefficients import VALUES
from uiengine.cost.cost_matrix import LEFT_AROUND, Geometry, kept_geometry, search_around
from uiengine.cost.energy import Floats, Ints, Outlook, pointing_seconds
from uiengine.page.size_classes import class_sizes
from uiengine.page.surface import Size, Surface

LEFT = np.zeros(())
"""Blocks are taken to stand at the left edge, as in `Geometry`."""


class SizedPage:
    """Sizes of every block in each class, in px; rows are laid out as in `Geometry`.

    own: sizes that the user gave at the widest breakpoint, which all classes of a block then have.
    """

    def __init__(self, surface: Surface, own: Mapping[str, Size]) -> None:
        at, known = surface.widest, class_sizes(surface)[surface.widest.name]
        sizes = [(own[b],) * 3 if b in own else known[b] for b in surface.index]
        self.cells: Floats = np.array([[(s.w, s.h) for s in three] for three in sizes], dtype=float)
        self.viewport = float(at.viewport_height)
        width = self.cells[:, :, 0] * at.width / at.columns
        height = self.cells[:, :, 1] * surface.row_height
        self.boxes = np.stack([width, height, height * self.cells[:, :, 0] / at.columns], axis=-1)

    def geometry(self, surface: Surface, classes: Ints) -> Geometry:
        """The page with these classes, (N,), in the order of `surface.blocks`."""
        cells = self.cells[np.arange(len(classes)), classes]
        return kept_geometry(surface, cells.tobytes(), lambda: cells)

    def pointing(self, blocks: Ints, classes: Ints) -> Floats:
        """T_point by rank of K pages, (…, N): the block at each rank, and its class."""
        boxes = self.boxes[blocks, classes]
        width, height, advance = boxes[..., 0], boxes[..., 1], boxes[..., 2]
        top = np.add.accumulate(advance, axis=-1)
        top -= advance
        return pointing_seconds(LEFT, top, width, height, self.viewport)


def resizing_seconds(outlook: Outlook) -> Floats:
    """Seconds over the horizon lost by resizing each block where it was, one rank below, and one
    rank above, (3, N), in the last order.

    A block that has moved disturbs already, and farther away it has no familiarity left to lose; it
    must gain `least_gain` once more.
    """
    weight, decide, gained, _ = outlook.steps
    known, uses = gained + 1.0, outlook.familiarity * LEFT_AROUND
    lost = 1.0 / (uses * VALUES["resize_kept"] + known) - 1.0 / (uses + known)
    lost *= weight
    lost *= np.maximum(search_around(len(outlook.demand)) - decide, 0.0)
    found: Floats = np.add.reduce(lost, axis=1)
    found[0] += outlook.disturbance
    found[1:] += outlook.least_gain
    return found
