"""Which shard a person is in: work on many people is done shard by shard, and the results joined.

A person's visits are in one shard, on every machine and in every release, so each shard can be
walked alone.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise

SHARDS = 256
"""Number of shards. Fixed, as rows and files keep the shard that a person was in."""


def shard_of(key: str) -> int:
    """Returns the person's shard, from 0: the first byte of the key's SHA-256."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[0]


def shard_ranges(parts: int) -> list[range]:
    """Cuts the shards into so many ranges of about the same size, or into one a shard."""
    parts = min(max(parts, 1), SHARDS)
    ends = [number * SHARDS // parts for number in range(parts + 1)]
    return [range(first, end) for first, end in pairwise(ends)]
