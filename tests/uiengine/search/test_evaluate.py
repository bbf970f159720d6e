"""Given orders get the energies that the search computed for them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.uiengine.strategies import requests
from uiengine.search.evaluate import energies
from uiengine.search.planner import plan


@settings(max_examples=40)
@given(requests())
def test_scores_what_was_found_as_it_was_found(case):
    request, prediction = case
    found = plan(replace(request, variants=100), prediction).variants
    again = energies(request, prediction, [order for order, _ in found])
    assert again.tolist() == pytest.approx([energy for _, energy in found])
