"""Simulates people with known needs on any declared page.

A person needs one to five blocks that may move, each half as often as the one before, and a visit
uses one to three of them. One person in ONE_NEED needs one block and uses nothing else, ever. All
others use some other block in STRAY of their visits. Blocks are popular unequally, as on real
pages, which the draw of needs follows. The rows depend on the arguments only.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from uiengine.page.surface import Surface

START = "2026-01-05"
SPREAD_DAYS = 14
"""First visits are spread over so many days, so that some people find a page that others use."""
MOST_NEEDS = 5
ONE_NEED = 5
STRAY = 0.1
AGAIN = 0.5
"""Probability that a visit uses another of the needed blocks, at most MOST_USED in all."""
MOST_USED = 3
MEAN_GAP = 1.3
"""Mean days between visits."""
Floats = npt.NDArray[np.float64]


def people_with_needs(
    surface: Surface, people: int, visits: int, seed: int = 0, name: str = "simulated"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns visits (see `ml.data.tables`) and needs: surface, user, block, weight.

    name: begins each user's name. `weight` is the probability that a visit's first block is this.
    """
    rng = np.random.default_rng([seed, zlib.crc32(surface.slug.encode())])
    free = [block.id for block in surface.blocks if not block.is_pinned]
    popular = rng.permutation(1 / np.arange(1, len(free) + 1) ** 0.7)
    rows: list[dict[str, Any]] = []
    needs: list[dict[str, Any]] = []
    for number in range(people):
        user = f"{name}-{number}"
        count = 1 if number % ONE_NEED == 0 else int(rng.integers(2, MOST_NEEDS + 1))
        count = min(count, len(free))
        mine = rng.choice(len(free), count, replace=False, p=popular / popular.sum())
        weights = np.power(0.5, np.arange(count, dtype=np.float64))
        weights /= weights.sum()
        needs += [
            {"surface": surface.slug, "user": user, "block": free[b], "weight": round(float(w), 4)}
            for b, w in zip(mine, weights, strict=True)
        ]
        for day in _days(visits, rng):
            at = str(np.datetime64(START) + np.timedelta64(day, "D"))
            for b in _used(mine, weights, len(free), rng):
                row = {"surface": surface.slug, "user": user, "at": at, "block": free[b]}
                rows.append({**row, "uses": 1})
    frame = pd.DataFrame(rows, columns=["surface", "user", "at", "block", "uses"])
    return frame.sort_values(["at", "user", "block"], ignore_index=True), pd.DataFrame(needs)


def _days(visits: int, rng: np.random.Generator) -> list[int]:
    start = int(rng.integers(SPREAD_DAYS))
    gaps = rng.geometric(1 / MEAN_GAP, size=visits - 1)
    return [start, *(start + np.cumsum(gaps)).tolist()]


def _used(
    mine: npt.NDArray[np.int64], weights: Floats, blocks: int, rng: np.random.Generator
) -> list[int]:
    """Draws the blocks of one visit: by weight, and sometimes a stray one."""
    count = 1
    while count < min(len(mine), MOST_USED) and rng.random() < AGAIN:
        count += 1
    used = set(rng.choice(mine, count, replace=False, p=weights).tolist())
    if len(mine) > 1 and rng.random() < STRAY:
        used.add(int(rng.integers(blocks)))
    return sorted(used)
