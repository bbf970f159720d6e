"""Random surfaces and random people on them, seeded: what the guardrails must hold against.

Surfaces have five breakpoints, up to 30 blocks, groups, blocks that the team pinned (also in the
middle of the page), maxima, touch targets of up to 48 px. People have random histories, pins with
and without a cell, undone moves, orders set by hand, frozen and opted-out settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from uiengine import engine
from uiengine.decoded import Decoded, Request
from uiengine.feasible import clashes
from uiengine.popularity import Popularity, fold_day
from uiengine.profile import Pin, Profile, Undone, fold_visit
from uiengine.surface import Surface
from uiengine.surface_json import parse

GRIDS = (("xs", 320, 2), ("sm", 600, 4), ("md", 900, 8), ("lg", 1200, 12), ("xl", 1800, 24))
TODAY = 100
PEOPLE_PER_SURFACE = 20


def random_cases(count: int, seed: int) -> Iterator[tuple[Request, Decoded]]:
    """`count` people; people of the same surface follow one another."""
    rng = np.random.default_rng(seed)
    surface = None
    for number in range(count):
        if surface is None or number % PEOPLE_PER_SURFACE == 0:
            surface = random_surface(rng, f"page{number // PEOPLE_PER_SURFACE}")
        yield random_request(rng, surface), random_decoded(rng, surface)


def random_surface(rng: np.random.Generator, slug: str) -> Surface:
    """A surface whose rules can be kept: what `feasible` refuses is drawn again."""
    while True:
        surface = parse(_surface(rng, slug))
        if not clashes(surface):
            return surface


def _surface(rng: np.random.Generator, slug: str) -> dict[str, object]:
    groups = ["first", "second"][: rng.integers(3)]
    count = int(rng.integers(1, 31))
    blocks = [_block(rng, f"b{i}", groups) for i in range(count)]
    for i in np.flatnonzero(rng.random(count) < 0.08):
        blocks[i]["pinned"] = {n: _cell(rng, columns) for n, _, columns in GRIDS}
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


def _cell(rng: np.random.Generator, columns: int) -> list[int]:
    return [int(rng.integers(0, columns)), int(rng.integers(0, 12))]


def random_request(rng: np.random.Generator, surface: Surface) -> Request:
    popularity = fold_day(Popularity(), TODAY - 1, {b.id: 1.0 for b in surface.blocks}, 3)
    request = Request(
        surface,
        _profile(rng, [b.id for b in surface.blocks]),
        popularity,
        TODAY,
        visit="v",
        budget=int(rng.choice([1, 4, 32])),
        seed=int(rng.integers(2**32)),
    )
    _pin(rng, request)
    return request


def _profile(rng: np.random.Generator, ids: list[str]) -> Profile:
    """After 0 to 8 visits under random layouts, with what the user may have asked for."""
    profile = Profile()
    for day in sorted(rng.integers(TODAY - 60, TODAY, size=rng.integers(9)).tolist()):
        used = rng.choice(ids, size=rng.integers(1, 5)).tolist()
        fold_visit(profile, int(day), set(used), tuple(rng.permutation(ids).tolist()))
    feedback = profile.feedback
    feedback.undone = tuple(
        Undone(str(rng.choice(ids)), int(rng.integers(len(ids))), TODAY + int(rng.integers(-3, 20)))
        for _ in range(rng.integers(3))
    )
    feedback.frozen = bool(rng.random() < 0.05)
    feedback.opted_out = bool(rng.random() < 0.05)
    if rng.random() < 0.1:
        feedback.override = tuple(rng.permutation(ids).tolist())
        feedback.override_visit = str(rng.choice(["v", "earlier"]))
    return profile


def _pin(rng: np.random.Generator, request: Request) -> None:
    """Up to three blocks pinned by the user: where they stand, at any cell, or by rank alone."""
    surface, pins = request.surface, request.profile.feedback.pins
    shown = engine.hold(replace(request, profile=Profile())).layout
    for _ in range(rng.integers(4)):
        at = surface.breakpoints[rng.integers(len(surface.breakpoints))]
        placed = shown.placements[at.name][rng.integers(len(surface.blocks))]
        if surface.block(placed.id).is_pinned:
            continue
        x, y = (placed.x, placed.y) if rng.random() < 0.5 else _cell(rng, at.columns)
        cell = {"breakpoint": at.name, "x": x, "y": y} if rng.random() < 0.7 else {}
        pins[placed.id] = Pin(int(rng.integers(len(surface.blocks))), **cell)


def random_decoded(rng: np.random.Generator, surface: Surface) -> Decoded:
    count = len(surface.blocks)
    demand = rng.uniform(0.001, 0.999, count)
    share = demand / demand.sum()
    sizes = rng.integers(0, 3, count)
    return Decoded((0,), share, demand, share, share, share, sizes, 0, 0.0)
