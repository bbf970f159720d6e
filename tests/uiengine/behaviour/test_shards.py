"""Shards: the same on every machine, and even."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uiengine.behaviour.shards import SHARDS, shard_of

LIKELY = 255 + 6 * (2 * 255) ** 0.5
"""Mean and six deviations of χ² with 255 degrees of freedom."""


@pytest.mark.parametrize(
    ("key", "shard"), [("django:1", 0x7D), ("anon:somebody", 0xC8), ("file:Zoë", 0xB1)]
)
def test_a_shard_is_the_first_byte_of_what_sha256sum_prints(key, shard):
    assert shard_of(key) == shard


@given(st.text())
def test_every_key_has_a_shard(key):
    assert 0 <= shard_of(key) < SHARDS
    assert shard_of(key) == shard_of("".join(list(key)))


@given(st.text(max_size=20))
def test_keys_that_count_up_are_spread_evenly(start):
    each = 40
    counts = Counter(shard_of(f"{start}{number}") for number in range(SHARDS * each))

    assert sum((counts[shard] - each) ** 2 / each for shard in range(SHARDS)) < LIKELY
