"""Impossible rules are named when a surface is saved."""

from __future__ import annotations

from tests.uiengine.guardrails.facts import page
from uiengine.feasible import clashes

SMALL = {"*": {"default": [1, 1], "min": [1, 1], "max": [1, 1]}}


def test_a_possible_page_has_no_clash():
    assert clashes(page()) == ()


def test_pins_on_top_of_one_another():
    both = page({"id": "a", "pinned": {"wide": [0, 0]}}, {"id": "b", "pinned": {"wide": [5, 1]}})
    assert clashes(both) == ("pinned_stay and no_overlap: 'a' and 'b' at 'wide'.",)


def test_a_pin_that_leaves_the_grid():
    assert clashes(page({"id": "a", "pinned": {"wide": [7, 0]}}))[0].startswith(
        "pinned_stay and inside_grid: 'a'"
    )


def test_a_maximum_smaller_than_a_finger():
    assert clashes(page({"id": "a", "sizes": SMALL}, row_height=20))[0].startswith(
        "touch_targets and size_limits: 'a'"
    )
