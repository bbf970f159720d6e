"""A page as a team would declare it: groups, a pin, uneven sizes; people who use one block."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from uiengine import Popularity, Profile, Request, decide, fold_visit, parse_surface
from uiengine.behaviour.popularity import fold_day
from uiengine.cost.cost_matrix import geometry
from uiengine.model.version_folder import load_version
from uiengine.page.reading_order import default_order

INNATE = load_version(Path(__file__).parents[2] / "fixtures" / "innate")
BANK = parse_surface(json.loads(Path("fixtures/surfaces/bank.json").read_text()))
FREE = [block.id for block in BANK.blocks if not block.is_pinned]
BEST = {"daily": 1, "plans": 4, "service": 10}
"""The first free rank of each group: one pinned block, then groups of 3, 6 and 4."""


def test_the_page_is_uneven_and_grouped():
    sizes = {(s.default.w, s.default.h) for b in BANK.blocks for s in b.sizes.values()}
    assert len(BANK.blocks) == 14
    assert (len(BANK.groups), len(BANK.breakpoints), BANK.guardrails.move_budget) == (3, 3, 3)
    assert {(1, 2), (12, 4)} <= sizes
    assert BANK.pinned_ranks == {"accounts": 0}


@pytest.mark.parametrize("block", FREE)
def test_the_only_block_that_a_person_uses_gets_the_first_place_of_its_group(block):
    profile, popularity, best = Profile(), Popularity(), BEST[BANK.block(block).group]
    ranks = []
    for day in range(12):
        decision = decide(Request(BANK, profile, popularity, day), INNATE)
        ranks.append(decision.layout.order.index(block))
        fold_visit(profile, day, [block], decision.layout.order)
        popularity = fold_day(popularity, day, {block: 1.0}, 1, {block: 1.0} if day < 3 else {})
    assert ranks[1:] == [best] * 11


def test_passing_the_blocks_of_a_group_costs_the_same_for_each():
    """T_group by hand: 0.25 s for each block above in the group; groups of 4, 6 and 4."""
    count = len(BANK.blocks)
    sizes, rows = np.ones(count, dtype=np.int64), np.arange(count)[None]
    ungrouped = parse_surface(
        {
            **json.loads(Path("fixtures/surfaces/bank.json").read_text()),
            "groups": [],
            "blocks": [
                {**block, "group": ""}
                for block in json.loads(Path("fixtures/surfaces/bank.json").read_text())["blocks"]
            ],
        }
    )
    assert default_order(BANK) == tuple(block.id for block in BANK.blocks)

    more = geometry(BANK, sizes).pointing(rows) - geometry(ungrouped, sizes).pointing(rows)

    places = [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3]
    assert more[0] == pytest.approx([0.25 * place for place in places])
