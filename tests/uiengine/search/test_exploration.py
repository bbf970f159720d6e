"""Propensities are exact: they equal the frequencies of draws, and sum to one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uiengine.strategies import requests
from uiengine import engine
from uiengine.guardrails import check
from uiengine.search.exploration import explore, propensities


def test_the_formula_by_hand():
    weights = [1.0, math.exp(-1.0), math.exp(-2.0)]
    expected = [0.1 * w / sum(weights) for w in weights]
    expected[0] += 0.9
    assert propensities([5.0, 5.1, 5.2], 0.1).tolist() == pytest.approx(expected)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=8).map(sorted), st.floats(0, 0.2))
def test_propensities_sum_to_one_and_favour_the_best(energies, share):
    chances = propensities(energies, share)
    assert chances.sum() == pytest.approx(1.0)
    assert chances.argmax() == 0


def test_draws_have_the_frequency_they_state():
    energies, share = [1.0, 1.05, 1.3], 0.2
    draws = [explore(energies, share, seed)[0] for seed in range(20_000)]
    frequencies = np.bincount(draws, minlength=3) / len(draws)
    assert frequencies == pytest.approx(propensities(energies, share), abs=0.01)


def test_without_a_share_the_best_is_served_surely():
    assert explore([1.0, 1.0], 0.0, seed=3) == (0, 1.0)


@settings(max_examples=100)
@given(requests(), st.integers(0, 2**32))
def test_what_is_explored_keeps_every_guardrail(case, seed):
    request, prediction = case
    settings = replace(request.surface.guardrails, exploration=0.2)
    request = replace(
        request, surface=replace(request.surface, guardrails=settings), seed=seed, variants=3
    )

    decision = engine.choose(request, prediction, "v")

    assert check(engine.guardrail_case(request, decision)) == ()
    assert 0 < decision.propensity <= 1
    orders = [v.layout.order for v in decision.variants]
    assert len(set(orders)) == len(orders) <= 3
    others = [v.energy for v in decision.variants[1:]]  # the first one is the search's best
    assert others == sorted(others)
    for variant in decision.variants:
        assert not check(engine.guardrail_case(request, replace(decision, layout=variant.layout)))
