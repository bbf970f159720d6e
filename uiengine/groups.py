"""Hierarchy: groups of blocks are placed first, then the blocks in each group.

A group's place from the top is the surface's rule, so each group has its stretch of ranks, and only
blocks of one group can trade ranks. A search over N blocks in G groups therefore looks at G tables
of N/G × N/G steps, all at once, instead of one of N × N.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .energy import Ints

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Sections:
    """Ranks that trade blocks among themselves, a row per group: (G, n), from the top.

    Rows are as long as the longest. is_filler: the entries of a (G, n, n) table that stand for no
    rank and only fill it up; None where there are none. is_whole: one group, and it is the page.
    """

    ranks: Ints
    is_filler: Bools | None
    is_whole: bool


def sections(group_of_rank: Ints, held: Collection[int]) -> Sections:
    """group_of_rank: (N,), the group of the block at each rank. held: ranks whose block is fixed.

    Blocks close up over a held rank, as they do on the page.
    """
    fixed, found = set(held), dict[int, list[int]]()
    for rank, group in enumerate(group_of_rank.tolist()):
        if rank not in fixed:
            found.setdefault(group, []).append(rank)
    longest = max(map(len, found.values()), default=0)
    rows = [row + [0] * (longest - len(row)) for row in found.values()]
    sizes = np.array([len(row) for row in found.values()], dtype=np.int64)
    ranks = np.array(rows, dtype=np.int64).reshape(len(rows), longest)
    is_filler: Bools = np.arange(longest) >= sizes[:, None]
    is_either: Bools = is_filler[:, :, None] | is_filler[:, None, :]
    is_whole = ranks.shape == (1, len(group_of_rank))
    return Sections(ranks, is_either if is_filler.any() else None, is_whole)
