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
    """The first has the new sizes, the others those of the last layout."""
    request, prediction = case
    found = plan(replace(request, variants=100), prediction)
    for number, (order, energy) in enumerate(found.variants):
        sizes = found.sizes_before if number else found.sizes
        assert energies(request, prediction, [order], sizes)[0] == pytest.approx(energy)
