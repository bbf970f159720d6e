"""What is expected of the coming visits: one's own past against what a version reads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.uiengine.search.test_planner import one_column
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.model.prediction import Prediction
from uiengine.request import Request
from uiengine.search.assignment import outlook

SHARE, LATER = np.array([0.2, 0.3, 0.5]), np.array([0.5, 0.3, 0.2])


def expected(*groups, **known):
    """After one visit that used the first block alone; each group has a block of the page."""
    profile = Profile()
    fold_visit(profile, 10, ["b0"])
    sizes = np.ones(3, dtype=np.int64)
    prediction = Prediction((0,), SHARE, SHARE, SHARE, SHARE, LATER, sizes, 0, 0.0)
    page = one_column(3)
    if groups:
        blocks = tuple(replace(b, group=g) for b, g in zip(page.blocks, groups, strict=True))
        page = replace(page, blocks=blocks, groups=tuple(sorted(set(groups))))
    request = Request(page, profile, Popularity(), 11)
    return outlook(request, replace(prediction, **known))


def test_a_learned_weight_shrinks_the_next_visit_and_later_ones():
    found = expected(own_visits=4.0)

    assert found.demand == pytest.approx(np.array([1 + 4 * 0.2, 4 * 0.3, 4 * 0.5]) / 5)
    assert found.base == pytest.approx(np.array([1 + 4 * 0.5, 4 * 0.3, 4 * 0.2]) / 5)


def test_without_one_the_next_visit_is_as_the_version_reads_it():
    found = expected()

    assert found.demand == pytest.approx(SHARE)
    assert found.base == pytest.approx(np.array([1 + 18 * 0.5, 18 * 0.3, 18 * 0.2]) / 19)


def test_on_a_page_of_one_group_a_guess_about_known_kinds_weighs_as_much_as_training():
    guessed, trained = expected(is_guess=True, knows_kinds=True), expected()
    grouped = expected("a", "a", "b", is_guess=True, knows_kinds=True)

    assert guessed.demand == pytest.approx(trained.demand)
    assert guessed.base == pytest.approx(trained.base)
    assert grouped.demand == pytest.approx(np.array([1 + 0.1, 0.15, 0.25]) / 1.5)


def test_a_guess_weighs_one_visit_and_in_groups_half_of_one():
    alone = expected(is_guess=True)
    grouped = expected("a", "a", "b", is_guess=True)

    assert alone.demand == pytest.approx(np.array([1 + 0.2, 0.3, 0.5]) / 2)
    assert grouped.demand == pytest.approx(np.array([1 + 0.1, 0.15, 0.25]) / 1.5)
