"""Planning and packing, one thread, in process; growth with blocks and with candidates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.bench.measure import beside
from tests.uiengine.test_planner import random_case
from uiengine import engine
from uiengine.orders import default_order
from uiengine.packing import pack
from uiengine.planner import plan
from uiengine.surface_json import parse

GRIDS = (("xs", 320, 2), ("sm", 600, 4), ("md", 900, 8), ("lg", 1200, 12), ("xl", 1800, 24))


def dashboard(count: int):
    """`count` blocks of three sizes at five breakpoints."""
    return parse(
        {
            "slug": "dashboard",
            "row_height": 60,
            "breakpoints": [
                {"name": n, "min_width": w, "columns": c, "viewport_height": 800}
                for n, w, c in GRIDS
            ],
            "blocks": [
                {"id": f"b{i}", "sizes": {"*": {"default": [2 + 2 * (i % 3), 1 + i % 2]}}}
                for i in range(count)
            ],
        }
    )


def run() -> None:
    rng = np.random.default_rng(0)
    for count in (6, 12, 25, 50, 100, 200):
        request, decoded = random_case(rng, count, move_budget=6)
        beside(
            f"plan, {count} blocks, 32 candidates",
            lambda r=request, d=decoded: plan(r, d),
            "sorting by demand alone",
            lambda d=decoded: np.argsort(-d.demand),
        )
    request, decoded = random_case(rng, 12, move_budget=6)
    for budget in (1, 4, 8, 16, 64):
        some = replace(request, budget=budget)
        beside(
            f"plan, 12 blocks, {budget} candidates",
            lambda r=some: plan(r, decoded),
            "the whole decision with packing and reasons",
            lambda r=some: engine.choose(r, decoded, "v"),
        )
    for count in (12, 20, 100):
        surface = dashboard(count)
        order = default_order(surface)
        beside(
            f"pack, {count} blocks, five breakpoints",
            lambda s=surface, o=order: pack(s, o),
            "listing the blocks five times",
            lambda s=surface: [[(b.id, b.kind) for b in s.blocks] for _ in range(5)],
        )
