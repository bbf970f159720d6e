"""The energy's formulas, computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uiengine.cost import energy
from uiengine.cost.coefficients import COEFFICIENTS
from uiengine.cost.energy import Outlook


def test_a_novice_searches_and_an_expert_decides():
    choice, pointing = np.array([0.25]), np.array([0.5])

    novice = energy.selection_seconds(np.array([3]), np.array([0.0]), choice, pointing)
    expert = energy.selection_seconds(np.array([3]), np.array([1.0]), choice, pointing)

    assert novice[0] == pytest.approx(0.30 + 0.064 * 4 + 0.5)
    assert expert[0] == pytest.approx(0.24 + 0.08 * 2 + 0.5)


def test_an_expert_never_takes_longer_than_a_search():
    rare = np.array([0.001])
    top = energy.selection_seconds(np.array([0]), np.array([1.0]), rare, np.array([0.0]))
    assert top[0] == pytest.approx(0.364)


def test_expertise_follows_uses():
    assert energy.expertise(np.array([0.0, 1.0, 3.0])).tolist() == [0.0, 0.5, 0.75]


def test_pointing_takes_fitts_time_to_the_leading_square():
    seconds = energy.pointing_seconds(
        np.array([300.0]), np.array([400.0]), np.array([200.0]), np.array([100.0]), 2000.0
    )
    distance = math.hypot(350, 450)
    assert seconds[0] == pytest.approx(0.26 + 0.37 * math.log2(distance / 100 + 1))


def test_scrolling_is_added_below_the_fold_and_distance_ends_at_the_viewport():
    seconds = energy.pointing_seconds(
        np.array([0.0]), np.array([1000.0]), np.array([100.0]), np.array([100.0]), 800.0
    )
    assert seconds[0] == pytest.approx(0.26 + 0.37 * math.log2(9) + 0.25 + 0.0006 * 300)


def test_choice_is_normalised_and_floored():
    assert energy.choice_probability(np.array([0.6, 0.2, 0.0])).tolist() == pytest.approx(
        [0.75, 0.25, 0.001]
    )


@given(st.lists(st.floats(0, 50), min_size=2, max_size=6), st.integers(0, 100))
def test_moving_a_familiar_block_never_costs_less_than_not_moving_it(familiarity, seed):
    """Ranks and places are equal, so that only lost familiarity differs."""
    rng = np.random.default_rng(seed)
    count = len(familiarity)
    outlook = Outlook(rng.random(count), rng.random(count), np.array(familiarity))
    ranks = rng.permutation(count)[None]
    pointing = rng.random((1, count))
    still = energy.horizon_energy(ranks, np.zeros((1, count), dtype=int), pointing, outlook)
    near = energy.horizon_energy(ranks, np.ones((1, count), dtype=int), pointing, outlook)
    far = energy.horizon_energy(ranks, np.full((1, count), 2), pointing, outlook)
    assert still[0] <= near[0] + 1e-9 <= far[0] + 2e-9


def test_a_moved_block_disturbs_once_by_its_demand_and_a_little_in_any_case():
    outlook = Outlook(np.array([0.6, 0.4]), np.array([0.6, 0.4]), np.zeros(2))
    ranks, pointing = np.array([[1, 0]]), np.zeros((1, 2))
    still = energy.horizon_energy(ranks, np.array([[0, 0]]), pointing, outlook)
    moved = energy.horizon_energy(ranks, np.array([[0, 5]]), pointing, outlook)
    assert moved[0] - still[0] == pytest.approx(0.20 * 0.4 + 0.022)


def test_who_has_seen_no_layout_is_not_disturbed():
    outlook = Outlook(np.array([0.6, 0.4]), np.array([0.6, 0.4]), np.zeros(2), settled=False)
    ranks, pointing = np.array([[1, 0]]), np.zeros((1, 2))
    still = energy.horizon_energy(ranks, np.array([[0, 0]]), pointing, outlook)
    moved = energy.horizon_energy(ranks, np.array([[0, 5]]), pointing, outlook)
    assert moved[0] == pytest.approx(still[0])


def test_every_coefficient_has_a_unit_a_source_and_a_meaning():
    names = [c.name for c in COEFFICIENTS]
    assert len(set(names)) == len(names)
    assert all(c.unit and c.source and c.meaning for c in COEFFICIENTS)
