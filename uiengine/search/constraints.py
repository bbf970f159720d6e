"""Hierarchy: groups of blocks are placed first, then the blocks in each group.

A group's place from the top is the surface's rule, so each group has its stretch of ranks, and only
blocks of one group can trade ranks. A search over N blocks in G groups therefore looks at G tables
of N/G × N/G steps, all at once, instead of one of N × N.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from uiengine.cost.energy import Ints
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface
from uiengine.request import Request

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


class OrderConstraints(NamedTuple):
    """forbidden: (N, N), whether the block at place p of the last order may not go to rank r; None
    where every block may go anywhere. sections: the ranks that trade blocks among themselves."""

    forbidden: Bools | None
    sections: Sections


def order_constraints(request: Request, last: Sequence[str]) -> OrderConstraints:
    """What holds for this subject. last: ids in the order seen last, fitted to the surface."""
    surface, feedback = request.surface, request.profile.feedback
    if not feedback.pins and not feedback.undone:
        return _of_surface(surface)
    place = {block_id: p for p, block_id in enumerate(last)}
    pinned = {place[b] for b in feedback.pins if b in place}
    found = _of_surface(surface) if not pinned else _held(surface, pinned)
    closed = [
        (place[u.block], u.rank)
        for u in feedback.undone
        if u.block in place and u.until_day > request.day and u.rank < len(last)
    ]
    if not closed:
        return found
    known = found.forbidden
    forbidden = np.zeros((len(last), len(last)), dtype=np.bool_) if known is None else known.copy()
    for at, rank in closed:
        forbidden[at, rank] |= at != rank
    return OrderConstraints(forbidden, found.sections)


def _of_surface(surface: Surface) -> OrderConstraints:
    """What holds for everybody."""
    found = surface.memory.get("order_constraints")
    if found is None:
        found = surface.memory["order_constraints"] = _held(surface, set())
    known: OrderConstraints = found
    return known


def _held(surface: Surface, pinned: set[int]) -> OrderConstraints:
    """pinned: places whose block the user holds there, besides those the team holds."""
    held = sorted({*surface.pinned_ranks.values(), *pinned})
    group: Ints = np.array([surface.group_ranks[surface.index[b]] for b in default_order(surface)])
    forbidden: Bools = group[:, None] != group
    forbidden[held] = True
    forbidden[:, held] = True
    forbidden[held, held] = False
    return OrderConstraints(forbidden if forbidden.any() else None, sections(group, held))
