"""Numbers through their bins: edges at quantiles, and how far a number has passed each bin."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import KBinsDiscretizer

from ml.learning.networks import Batch, of_user
from ml.learning.pieces import Pieces, edges_of
from ml.learning.settings import Settings
from uiengine.features import CONTEXT, EVIDENCE, FIRST_VISIT, POPULARITY, SHAPE, TEXT_BUCKETS, USER


def encoded(rows: list[float], numbers: list[float], bins: int) -> list[list[float]]:
    """How far the numbers have passed each of the bins that are learned from rows."""
    pieces = Pieces(1, bins)
    pieces.learn(torch.tensor(rows)[:, None])
    return pieces(torch.tensor(numbers)[:, None]).tolist()


def test_a_number_passes_one_bin_after_another():
    # edges 0, 1, 3, by hand: 2 has passed the first bin, and half of the second
    rows, numbers = [0.0, 1.0, 3.0], [-1.0, 0.25, 2.0, 5.0]
    assert encoded(rows, numbers, 2) == [[0, 0], [0.25, 0], [1, 0.5], [1, 1]]


def test_edges_are_those_of_a_peer():
    values = np.random.default_rng(0).lognormal(size=1000).astype(np.float32)
    peer = KBinsDiscretizer(8, encode="ordinal", strategy="quantile", quantile_method="linear")
    wanted = peer.fit(values[:, None]).bin_edges_[0]
    found = edges_of(torch.from_numpy(values), 8)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-5)


def test_a_frequent_value_is_an_edge_and_leaves_the_bins_to_the_others():
    values = torch.tensor([0.0] * 90 + [1.0, 2.0, 3.0, 4.0, 5.0] * 2)
    # the quantiles of 1, 1, 2, 2, 3, 3, 4, 4, 5, 5 in quarters, and the 0
    assert edges_of(values, 5).tolist() == [0, 1, 2, 3, 4, 5]


def test_a_number_that_never_differs_says_nothing():
    assert encoded([2.0] * 10, [1.0, 2.0, 3.0], 4) == [[0.0] * 4] * 3


def test_settings_that_were_stored_before_bins_have_none():
    stored = Settings().stored()
    assert Settings.from_stored(stored) == Settings()
    del stored["bins"]
    assert Settings.from_stored(stored).bins == 0


def test_popularity_and_its_evidence_are_no_numbers_of_the_users_own():
    sizes = TEXT_BUCKETS, SHAPE, USER, POPULARITY
    kind = torch.zeros(2, 3, dtype=torch.long)
    features = (torch.rand(2, 3, size) for size in sizes)
    batch = Batch(kind, *features, torch.ones(2, 3), torch.rand(2, CONTEXT), kind)
    other, later = batch.context.clone(), batch.context.clone()
    other[:, EVIDENCE] += 1
    later[:, FIRST_VISIT] += 1
    popular = batch._replace(popularity=batch.popularity + 1, context=other)
    assert torch.equal(of_user(popular), of_user(batch))
    assert not torch.equal(of_user(batch._replace(context=later)), of_user(batch))


def test_without_bins_there_is_nothing_to_say():
    numbers = torch.randn(3, 5)
    pieces = Pieces(5, 0)
    pieces.learn(numbers)
    assert pieces(numbers).shape == (3, 0)
    assert pieces.width == 0 and not pieces.state_dict()


def test_each_number_has_bins_of_its_own():
    rows = torch.tensor([[0.0, 10.0], [1.0, 30.0], [3.0, 50.0]])
    pieces = Pieces(2, 2)
    pieces.learn(rows)
    # edges 0, 1, 3 and 10, 30, 50, by hand
    assert pieces(torch.tensor([2.0, 15.0])).tolist() == pytest.approx([1, 0.5, 0.25, 0])


@given(
    rows=st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=40),
    numbers=st.tuples(st.floats(-200, 200, width=32), st.floats(-200, 200, width=32)),
)
def test_a_larger_number_has_passed_as_much_of_every_bin(rows, numbers):
    low, high = encoded(rows, sorted(numbers), 8)
    assert all(0 <= one <= other <= 1 for one, other in zip(low, high, strict=True))


@pytest.mark.parametrize("bins", [1, 8])
def test_the_smallest_row_has_passed_nothing_and_the_largest_all(bins):
    rows = np.random.default_rng(1).normal(size=500).astype(np.float32).tolist()
    first, last = encoded(rows, [min(rows), max(rows)], bins)
    assert first == [0] * bins
    assert last == pytest.approx([1] * bins)
