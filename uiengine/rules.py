"""Rules about order, as places of the last order that may not go to a rank.

Blocks that the team pinned and the user's pins stay at their place, a group keeps its stretch of
ranks, and an undone move is closed for 28 days. Every last order has the same groups at the same
ranks (`orders.hold_pins`), so that all but the user's own word is worked out once for a surface.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .decoded import Request
from .energy import Ints
from .groups import Bools, Sections, sections
from .orders import default_order
from .surface import Surface


class Rules(NamedTuple):
    """forbidden: (N, N), whether the block at place p of the last order may not go to rank r; None
    where every block may go anywhere. sections: the ranks that trade blocks among themselves."""

    forbidden: Bools | None
    sections: Sections


def rules(request: Request, last: Sequence[str]) -> Rules:
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
    return Rules(forbidden, found.sections)


def _of_surface(surface: Surface) -> Rules:
    """What holds for everybody."""
    found = surface.memory.get("rules")
    if found is None:
        found = surface.memory["rules"] = _held(surface, set())
    known: Rules = found
    return known


def _held(surface: Surface, pinned: set[int]) -> Rules:
    """pinned: places whose block the user holds there, besides those the team holds."""
    held = sorted({*surface.pinned_ranks.values(), *pinned})
    group: Ints = np.array([surface.group_ranks[surface.index[b]] for b in default_order(surface)])
    forbidden: Bools = group[:, None] != group
    forbidden[held] = True
    forbidden[:, held] = True
    forbidden[held, held] = False
    return Rules(forbidden if forbidden.any() else None, sections(group, held))
