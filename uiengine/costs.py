"""What it costs to put each block at each rank: the horizon energy as a table.

Under a given last layout, a block's horizon seconds depend on its own rank alone as long as the
blocks above it are about as tall as the average one. So the energy of any order is a sum of N
entries of an (N, N) table, rules about order are infinite entries, and searching is cheap. The
candidates found this way are then scored exactly (`energy.horizon_energy`).
"""

from __future__ import annotations

import numpy as np

from .energy import (
    Floats,
    Ints,
    pointing_seconds,
)
from .surface import Surface


class Geometry:
    """Block sizes in px at the widest breakpoint, flowed as if rows filled up without gaps."""

    def __init__(self, surface: Surface, size_classes: Ints) -> None:
        at = surface.widest
        self.viewport = float(at.viewport_height)
        known = surface.sizes[at.name]
        sizes = [known[b.id][c] for b, c in zip(surface.blocks, size_classes.tolist(), strict=True)]
        cells = np.array([(s.w, s.h) for s in sizes], dtype=np.float64)
        self.width = cells[:, 0] * at.width / at.columns
        self.height = cells[:, 1] * surface.row_height
        self.advance = self.height * cells[:, 0] / at.columns
        self.is_even = bool((self.advance == self.advance[0]).all())
        """Whether every order has the same height above each rank."""

    def pointing(self, orders: Ints) -> Floats:
        """T_point per block of K orders of block indices, (K, N) to (K, N)."""
        advance = self.advance[orders]
        top = np.empty_like(advance)
        top[np.arange(len(orders))[:, None], orders] = np.cumsum(advance, axis=1) - advance
        left = np.zeros(())
        return pointing_seconds(left, top, self.width, self.height, self.viewport)

    def pointing_by_rank(self) -> Floats:
        """T_point of block i at rank r, (N, N), with average blocks above it."""
        top = np.arange(len(self.advance)) * self.advance.mean()
        left = np.zeros(())
        width, height = self.width[:, None], self.height[:, None]
        return pointing_seconds(left, top[None, :], width, height, self.viewport)
