"""Prices of visits against calculations by hand."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from ml.evaluation.pricing import visit_values
from ml.evaluation.replay_file import ReplayVisit
from uiengine.behaviour import profile
from uiengine.page.surface import Block, Breakpoint, Size, SizeLimits, Surface

START = datetime(2030, 1, 1, tzinfo=UTC)


def visit(number, order, blocks, **other):
    given = {
        "user": "u",
        "surface": "page",
        "instant": START + timedelta(days=number),
        "visit": number,
        "layout": {block: (0, y, 12, 1) for y, block in enumerate(order)},
        "default": ("a", "b", "c"),
        "blocks": tuple(blocks),
        "tokens": 2,
        "distortion": 0.5,
        "explored": False,
        "status": "adapted",
    }
    return ReplayVisit(**{**given, **other})


def pointing(rank):
    """T_point of a 120 px block at `rank` of a one-column page without a fold."""
    return 0.26 + 0.37 * math.log2(math.hypot(60, 120 * rank + 60) / 120 + 1)


def test_a_first_visit_is_a_search_under_both_layouts():
    values = visit_values([visit(0, "bac", "b")])

    assert values["policy_seconds"][0] == pytest.approx(0.30 + 0.064 + pointing(0))
    assert values["default_seconds"][0] == pytest.approx(0.30 + 0.128 + pointing(1))
    assert values["moved"][0] == 0


def test_a_block_that_moved_by_one_keeps_half_its_familiarity_and_the_default_all_of_it():
    values = visit_values([visit(0, "abc", "b"), visit(1, "bac", "b")])

    decide = 0.24 + 0.08 * math.log2(1 / (1.5 / 2.5))
    expert = 0.5 / 1.5
    policy = (1 - expert) * 0.364 + expert * min(decide, 0.364) + pointing(0)
    default = 0.5 * 0.428 + 0.5 * min(decide, 0.428) + pointing(1)
    assert values["policy_seconds"][1] == pytest.approx(policy)
    assert values["default_seconds"][1] == pytest.approx(default)
    assert values["extra_seconds"][1] == pytest.approx(policy - default)
    assert values["moved"][1] == 2


def test_the_default_layout_served_costs_exactly_the_default():
    visits = [visit(i, "abc", used) for i, used in enumerate(["a", "bc", "b", "abc"])]

    assert (visit_values(visits)["extra_seconds"] == 0).all()


def test_uses_are_the_familiarity_of_a_layout_that_never_moves():
    person = profile.Profile()
    for day, used in enumerate(["a", "bc", "b", "abc"]):
        profile.fold_visit(person, day, used, ("a", "b", "c"))

    assert person.familiarity == {block: c.uses for block, c in person.blocks.items()}


def test_only_the_first_three_visits_are_a_cold_start():
    values = visit_values([visit(i, "cba", "ab") for i in range(5)])

    assert list(values["cold_uses"]) == [2, 2, 2, 0, 0]
    assert (values["cold_extra_seconds"][3:] == 0).all()


def test_a_real_page_is_priced_on_its_own_grid():
    size = Size(6, 2)
    blocks = [Block(b, b, b, {"wide": SizeLimits(size, size, size)}) for b in "abc"]
    grid = Breakpoint("wide", 960, 12, 300)
    surface = Surface("page", tuple(blocks), (grid,), row_height=40)
    two_columns = {"a": (0, 0, 6, 2), "b": (6, 0, 6, 2), "c": (0, 2, 6, 2)}

    values = visit_values([visit(0, "abc", "b", layout=two_columns)], {"page": surface})

    # b: 480 × 80 px at (480, 0): W = 80, its W-square's centre at (520, 40), cut at 300 px.
    assert values["policy_seconds"][0] == pytest.approx(
        0.30 + 0.128 + 0.26 + 0.37 * math.log2(300 / 80 + 1)
    )
    assert values["extra_seconds"][0] == 0
    assert values["target_px"][0] == 80
