"""The search on grouped pages with uneven heights and a fold, against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.model.prediction import Prediction
from uiengine.page.surface_json import parse
from uiengine.request import Request
from uiengine.search import planner
from uiengine.search.assignment import last_order
from uiengine.search.evaluate import energies


def random_case(rng, move_budget):
    """3 to 7 blocks in 1 to 3 groups, all sizes different, and a person with 0 to 11 visits."""
    count, groups = int(rng.integers(3, 8)), int(rng.integers(1, 4))
    group = sorted(rng.integers(0, groups, count))
    blocks = [
        {
            "id": f"b{i}",
            "group": f"g{group[i]}",
            "sizes": {"*": {"default": [int(rng.integers(1, 13)), int(rng.integers(2, 9))]}},
        }
        for i in range(count)
    ]
    fold = int(rng.integers(300, 900))
    at = {"name": "wide", "min_width": 1200, "columns": 12, "viewport_height": fold}
    surface = parse(
        {
            "slug": "page",
            "row_height": 60,
            "groups": [f"g{i}" for i in range(groups)],
            "guardrails": {"move_budget": move_budget},
            "breakpoints": [at],
            "blocks": blocks,
        }
    )
    order = sorted(rng.permutation(count), key=lambda i: group[i])
    profile = Profile()
    for day in range(int(rng.integers(0, 12))):
        used = {f"b{i}" for i in rng.choice(count, 2)}
        fold_visit(profile, day, used, [f"b{i}" for i in order])
    share, outlook = rng.dirichlet(np.full(count, 0.5), 2)
    sizes = np.ones(count, dtype=np.int64)
    prediction = Prediction((0,), share, share, share, share, outlook, sizes, 0, 0.0)
    return Request(surface, profile, Popularity(), 20), prediction


def strangers_behind_ranks(request, order) -> int:
    """Used blocks that are not among the first of their group, as many as it has used ones."""
    known, found = request.profile.blocks, 0
    if not request.surface.is_grouped:
        return 0
    for _, members in itertools.groupby(order, lambda b: request.surface.block(b).group):
        is_used = [b in known for b in members]
        found += sum(is_used[sum(is_used) :])
    return found


def brute_force(request, prediction) -> float:
    """The least energy of all orders within groups and budget that repair the most."""
    last = last_order(request)
    parts = [list(m) for _, m in itertools.groupby(last, lambda b: request.surface.block(b).group)]
    every = itertools.product(*(itertools.permutations(part) for part in parts))
    orders = [tuple(itertools.chain(*parts)) for parts in every]
    if request.profile.order:
        budget = request.surface.guardrails.move_budget
        orders = [o for o in orders if sum(a != b for a, b in zip(o, last, strict=True)) <= budget]
    least = min(strangers_behind_ranks(request, o) for o in orders)
    allowed = [o for o in orders if strangers_behind_ranks(request, o) == least]
    return float(energies(request, prediction, allowed).min())


@pytest.mark.parametrize(("move_budget", "least_share"), [(3, 0.95), (7, 1.0)])
def test_finds_the_optimum_within_groups(move_budget, least_share):
    rng = np.random.default_rng(move_budget)
    cases = [random_case(rng, move_budget) for _ in range(60)]
    found = [planner.plan(*case).energy <= brute_force(*case) + 1e-9 for case in cases]
    assert np.mean(found) >= least_share
