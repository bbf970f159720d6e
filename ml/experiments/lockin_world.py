"""Simulated people with known needs, for the test for lock-in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.data.histories import page
from uiengine.page.surface import Surface

SURFACE = "simulated"


@dataclass(frozen=True)
class World:
    """Parameters of the simulation.

    A visit needs each of a person's `regular` blocks with probability 0.2 to 0.6, each of the
    `rare` ones with 0.08, and any other with 0.005. visits: per person and round, one a day.
    """

    people: int = 120
    blocks: int = 20
    visits: int = 10
    retrains: int = 12
    regular: int = 3
    rare: int = 3
    seed: int = 0

    def needs(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the probability that a visit needs a block, and which are rare, both (P, B)."""
        rng = np.random.default_rng(self.seed)
        popular = rng.permutation(1 / np.arange(1, self.blocks + 1) ** 0.8)
        need = np.full((self.people, self.blocks), 0.005)
        is_rare = np.zeros(need.shape, dtype=bool)
        for person in range(self.people):
            regular = rng.choice(
                self.blocks, self.regular, replace=False, p=popular / popular.sum()
            )
            need[person, regular] = rng.uniform(0.2, 0.6, self.regular)
            others = np.setdiff1d(np.arange(self.blocks), regular)
            rare = rng.choice(others, self.rare, replace=False)
            need[person, rare] = 0.08
            is_rare[person, rare] = True
        return need, is_rare

    @property
    def surface(self) -> Surface:
        return page(SURFACE, [f"block-{i:02d}" for i in range(self.blocks)])
