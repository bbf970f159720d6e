"""A visit's seconds per use, computed by hand from the formulas."""

from __future__ import annotations

from math import hypot, log2

import pytest

from tests.uiengine.guardrails.facts import page
from uiengine.behaviour.profile import BlockUse, Profile
from uiengine.cost.reward import seconds_per_use


def test_equals_the_formula_by_hand():
    """Two blocks of 6 × 2 cells on a page of 12 columns, swapped since the last visit."""
    surface = page({"id": "a"}, {"id": "b"})
    at = surface.widest
    known = {"a": 6.0, "b": 3.0}
    profile = Profile(
        order=("a", "b"),
        visits=9,
        familiarity=known,
        blocks={"a": BlockUse(uses=6), "b": BlockUse(uses=3)},
    )

    found = seconds_per_use(surface, profile, ("b", "a"), ["b"])

    u = 3.0 / 2  # a move by one rank keeps half
    expert = 1 - 1 / (u + 1)
    search = 0.30 + 0.064 * 1
    decide = 0.24 + 0.08 * log2(1 / ((3 + 0.5) / (9 + 1)))
    side = min(at.width / 12 * 6, 2 * surface.row_height)
    point = 0.26 + 0.37 * log2(hypot(side / 2, side / 2) / side + 1)
    from uiengine.cost.coefficients import VALUES

    expected = (1 - expert) * search + expert * min(decide, search) + point + VALUES["surprise"]
    assert found == pytest.approx(expected)


def test_is_the_mean_over_the_blocks_used():
    surface = page({"id": "a"}, {"id": "b"})
    profile = Profile()
    alone = [seconds_per_use(surface, profile, ("a", "b"), [b]) for b in "ab"]
    assert seconds_per_use(surface, profile, ("a", "b"), ["a", "b"]) == pytest.approx(
        sum(alone) / 2
    )


def test_a_visit_without_a_use_has_none():
    assert seconds_per_use(page(), Profile(), ("a", "b"), []) is None
    assert seconds_per_use(page(), Profile(), ("a", "b"), ["gone"]) is None
