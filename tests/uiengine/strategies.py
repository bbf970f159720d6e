"""Hypothesis strategies for surfaces, profiles and decoded values."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from uiengine.behaviour import profile as profiles
from uiengine.behaviour.popularity import Popularity, fold_day
from uiengine.model.prediction import Prediction
from uiengine.page.surface import Surface
from uiengine.page.surface_json import parse
from uiengine.request import Request

GRIDS = (("phone", 320, 4), ("tablet", 768, 8), ("desktop", 1200, 12))
TODAY = 100


@st.composite
def surfaces(draw: st.DrawFn, most: int = 10) -> Surface:
    """1 to `most` blocks in 1 to 3 grids, some pinned at the top, some in groups, some marked as
    navigation or help; half stretch, half let sizes change."""
    grids = GRIDS[: draw(st.integers(1, 3))]
    count = draw(st.integers(1, most))
    groups = ["first", "second"][: draw(st.integers(0, 2))]
    header = draw(st.booleans())
    blocks = [_block(draw, i, grids, groups) for i in range(count)]
    if header:
        blocks.insert(0, _header(grids))
    return parse(
        {
            "slug": "random",
            "row_height": draw(st.sampled_from([10, 60, 120])),
            "breakpoints": [
                {"name": n, "min_width": w, "columns": c, "viewport_height": 800}
                for n, w, c in grids
            ],
            "groups": groups,
            "guardrails": {
                "move_budget": draw(st.integers(0, 6)),
                "stretch": draw(st.booleans()),
                "sizes": draw(st.booleans()),
            },
            "blocks": blocks,
        }
    )


def _block(draw, i, grids, groups):
    sizes = {}
    for name, _, columns in grids:
        low = [draw(st.integers(1, columns)), draw(st.integers(1, 3))]
        default = [draw(st.integers(low[0], columns)), draw(st.integers(low[1], 4))]
        # A maximum of at least 3 columns and rows always fits a touch target on these grids.
        high = [max(default[0], 3), max(default[1], 3)] if draw(st.booleans()) else None
        sizes[name] = {"default": default, "min": low, "max": high}
    group = draw(st.sampled_from(["", *groups]))
    marks = draw(st.sampled_from([(), (), ("navigation",), ("help",), ("navigation", "help")]))
    flags = dict.fromkeys(marks, True)
    return {"id": f"b{i}", "kind": f"k{i % 3}", "group": group, "sizes": sizes, **flags}


def _header(grids):
    sizes = {n: {"default": [c, 1], "min": [c, 1], "max": [c, 3]} for n, _, c in grids}
    pinned = {n: [0, 0] for n, _, _ in grids}
    return {"id": "header", "pinned": pinned, "sizes": sizes, "navigation": True}


@st.composite
def profiles_of(draw: st.DrawFn, surface: Surface) -> profiles.Profile:
    """A profile after 0 to 8 visits under random layouts, with random pins, sizes, and undone moves
    and sizes."""
    ids = [b.id for b in surface.blocks]
    profile = profiles.Profile()
    for day in draw(st.lists(st.integers(TODAY - 60, TODAY), max_size=8).map(sorted)):
        used = draw(st.lists(st.sampled_from(ids), max_size=4, unique=True))
        order = draw(st.permutations(ids))
        sizes = draw(st.dictionaries(st.sampled_from(ids), st.sampled_from([0, 2]), max_size=3))
        profiles.fold_visit(profile, day, used, order, sizes)
    free = [b.id for b in surface.blocks if not b.is_pinned]
    for block_id in draw(st.lists(st.sampled_from(free), max_size=2, unique=True)):
        profile.feedback.pins[block_id] = profiles.Pin(draw(st.integers(0, len(ids))))
    undone = draw(st.lists(st.tuples(st.sampled_from(ids), st.integers(0, len(ids))), max_size=3))
    profile.feedback.undone = tuple(
        profiles.Undone(b, r, TODAY + draw(st.integers(-3, 20))) for b, r in undone
    )
    own = st.dictionaries(
        st.sampled_from([at.name for at in surface.breakpoints]),
        st.tuples(st.integers(1, 20), st.integers(1, 20)),
        min_size=1,
    )
    profile.feedback.own_sizes = draw(st.dictionaries(st.sampled_from(ids), own, max_size=2))
    taken_back = st.dictionaries(
        st.sampled_from(ids), st.integers(TODAY - 3, TODAY + 20), max_size=2
    )
    profile.feedback.kept_sizes = draw(taken_back)
    profile.feedback.frozen = draw(st.integers(0, 9)) == 0
    return profile


@st.composite
def requests(draw: st.DrawFn, most: int = 10) -> tuple[Request, Prediction]:
    surface = draw(surfaces(most))
    profile = draw(profiles_of(surface))
    popularity = fold_day(Popularity(), TODAY - 1, {b.id: 1.0 for b in surface.blocks}, 3)
    request = Request(
        surface, profile, popularity, TODAY, visit="v", budget=draw(st.sampled_from([1, 4, 32]))
    )
    return request, draw(decoded_for(surface))


@st.composite
def decoded_for(draw: st.DrawFn, surface: Surface) -> Prediction:
    count = len(surface.blocks)
    numbers = st.floats(0.001, 0.999)
    demand = np.array(draw(st.lists(numbers, min_size=count, max_size=count)))
    classes = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    share = demand / demand.sum()
    return Prediction((0,), share, demand, share, share, share, np.array(classes), 0, 0.0)
