"""Random surfaces with random people, by seed, to test guardrails on.

Surfaces have five breakpoints, up to 30 blocks, groups, blocks pinned by the team (also in the
middle of the page), maximum sizes, and touch targets of up to 48 px. People come from
`ml.evaluation.random_people`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ml.evaluation.random_people import random_cell, random_request
from uiengine.model.prediction import Prediction
from uiengine.page.feasibility import clashes
from uiengine.page.surface import Surface
from uiengine.page.surface_json import parse
from uiengine.request import Request

GRIDS = (("xs", 320, 2), ("sm", 600, 4), ("md", 900, 8), ("lg", 1200, 12), ("xl", 1800, 24))
PEOPLE_PER_SURFACE = 20


def random_cases(count: int, seed: int) -> Iterator[tuple[Request, Prediction]]:
    """Yields `count` people; those of one surface are consecutive."""
    rng = np.random.default_rng(seed)
    surface = None
    for number in range(count):
        if surface is None or number % PEOPLE_PER_SURFACE == 0:
            surface = random_surface(rng, f"page{number // PEOPLE_PER_SURFACE}")
        yield random_request(rng, surface), random_prediction(rng, surface)


def random_surface(rng: np.random.Generator, slug: str) -> Surface:
    """Returns a surface whose rules can be satisfied, by drawing until `clashes` finds nothing."""
    while True:
        surface = parse(_surface(rng, slug))
        if not clashes(surface):
            return surface


def _surface(rng: np.random.Generator, slug: str) -> dict[str, object]:
    groups = ["first", "second"][: rng.integers(3)]
    count = int(rng.integers(1, 31))
    blocks = [_block(rng, f"b{i}", groups) for i in range(count)]
    for i in np.flatnonzero(rng.random(count) < 0.08):
        blocks[i]["pinned"] = {n: random_cell(rng, columns) for n, _, columns in GRIDS}
    if rng.random() < 0.3:
        blocks.insert(0, {"id": "header", "pinned": {n: [0, 0] for n, _, _ in GRIDS}})
    guardrails = {
        "move_budget": int(rng.integers(0, 8)),
        "min_target_px": int(rng.choice([24, 48])),
        "exploration": float(rng.choice([0.0, 0.2])),
    }
    return {
        "slug": slug,
        "row_height": int(rng.choice([10, 60, 120])),
        "breakpoints": [
            {"name": n, "min_width": w, "columns": c, "viewport_height": 800} for n, w, c in GRIDS
        ],
        "groups": groups,
        "guardrails": guardrails,
        "blocks": blocks,
    }


def _block(rng: np.random.Generator, block_id: str, groups: list[str]) -> dict[str, object]:
    sizes = {}
    for name, _, columns in GRIDS:
        low = [int(rng.integers(1, columns + 1)), int(rng.integers(1, 4))]
        default = [int(rng.integers(low[0], columns + 1)), int(rng.integers(low[1], 5))]
        high = [int(rng.integers(default[0], columns + 1)), default[1] + int(rng.integers(0, 6))]
        sizes[name] = {"default": default, "min": low, "max": high if rng.random() < 0.5 else None}
    group = str(rng.choice(["", *groups]))
    return {"id": block_id, "kind": f"k{rng.integers(5)}", "group": group, "sizes": sizes}


def random_prediction(rng: np.random.Generator, surface: Surface) -> Prediction:
    count = len(surface.blocks)
    demand = rng.uniform(0.001, 0.999, count)
    share = demand / demand.sum()
    sizes = rng.integers(0, 3, count)
    return Prediction((0,), share, demand, share, share, share, sizes, 0, 0.0)
