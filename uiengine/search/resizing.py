"""Chooses size classes by the same energy: larger where it pays, smaller where it costs.

A larger block is a larger target and pushes those below it down; a smaller one the other way round.
A new size costs familiarity and disturbs as a move does, and counts in the move budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from uiengine.behaviour.profile import resized_blocks
from uiengine.cost.cost_matrix import Geometry, default_geometry
from uiengine.cost.energy import Ints
from uiengine.cost.sized_page import SizedPage
from uiengine.decision import Stability
from uiengine.page.size_classes import own_sizes, size_choices
from uiengine.page.surface import Size, Surface
from uiengine.request import Request
from uiengine.search.assignment import Assignment
from uiengine.search.local_search import Bools
from uiengine.search.size_search import STEPS, SizeSearch

LEAST_VISITS = 3
"""Visits of one's own below which all blocks keep their sizes: a first guess resizes nothing."""
FEW = 8
"""Blocks up to which the search is always thorough."""


@dataclass(frozen=True)
class Sizing:
    """The sizes to choose from in a visit.

    page: in px; geometry: the page as it is; last: classes in the last layout, (N,), in the order
    of `surface.blocks`; may_take: (N, 3), the classes that each block may take now.
    """

    page: SizedPage
    geometry: Geometry
    last: Ints
    may_take: Bools


@dataclass(frozen=True)
class Resized:
    """An order with sizes.

    sizes, before: classes of the blocks that have not their default size, now and in the last
    layout, None where the surface changes no sizes; changed: blocks whose class differs; energy: of
    order and sizes. lost: seconds over the horizon that the changes of sizes cost in familiarity
    and surprise; asked: what `least_gain` adds to them, which is no time.
    """

    order: Ints
    energy: float
    sizes: Mapping[str, int] | None = None
    before: Mapping[str, int] | None = None
    changed: tuple[str, ...] = ()
    lost: float = 0.0
    asked: float = 0.0


def sizing_of(request: Request) -> Sizing:
    """What a person's blocks may do: none that they pinned, resized, folded or took back may
    change."""
    surface, profile = request.surface, request.profile
    own = own_sizes(surface, profile.feedback.own_sizes)
    page = _page(request, own.get(surface.widest.name, {}))
    last = np.ones(len(surface.blocks), dtype=np.int64)
    for block_id, size_class in last_sizes(request).items():
        last[surface.index[block_id]] = size_class
    may_take: Bools = _choices(surface).copy()
    kept = [b for b, until in profile.feedback.kept_sizes.items() if until > request.day]
    feedback = profile.feedback
    for block_id in (*feedback.pins, *feedback.own_sizes, *feedback.folded, *kept):
        if (row := surface.index.get(block_id)) is not None:
            may_take[row] = False
    return Sizing(page, page.geometry(surface, last), last, may_take)


def last_sizes(request: Request) -> dict[str, int]:
    """Classes of the last layout, as far as blocks may still have them; others are default."""
    known, index = request.profile.sizes, request.surface.index
    may = _choices(request.surface)
    return {b: c for b, c in known.items() if b in index and may[index[b], c] and c != 1}


def _page(request: Request, own: Mapping[str, Size]) -> SizedPage:
    if own:
        return SizedPage(request.surface, own)
    found: SizedPage | None = request.surface.memory.get("sized_page")
    if found is None:
        found = request.surface.memory["sized_page"] = SizedPage(request.surface, {})
    return found


def _choices(surface: Surface) -> Bools:
    """The classes that each block may take, (N, 3)."""
    found: Bools | None = surface.memory.get("size_choices")
    if found is None:
        found = np.array([[c in of for c in range(3)] for of in size_choices(surface)])
        surface.memory["size_choices"] = found
    return found


def resized(
    request: Request, assignment: Assignment, ranked: Sequence[tuple[Ints, float]], sizing: Sizing
) -> Resized:
    """The cheapest order and sizes that the search finds.

    ranked: candidates with the last sizes and their energies, the one to serve first. With
    exploration that one is drawn, so only its sizes are chosen.
    """
    before = _named(request, sizing.last)
    order, energy = ranked[0]
    if request.budget <= 1 or request.profile.visits < LEAST_VISITS:
        return Resized(order, energy, before, before)
    search = SizeSearch(assignment, sizing.page, sizing.last, sizing.may_take)
    orders, steps = _starts(request, ranked)
    order, classes, energy = search.run(orders, steps)
    is_changed = classes != sizing.last
    if not is_changed.any():
        return Resized(order, energy, before, before)
    sizes = _named(request, classes)
    places = is_changed[assignment.blocks.take(order)].nonzero()[0]
    asked = assignment.outlook.least_gain * len(places)
    lost = float(search.lost_at(order)[places].sum()) - asked
    return Resized(order, energy, sizes, before, resized_blocks(before, sizes), lost, asked)


def is_quick(surface: Surface) -> bool:
    """True where the search must be short, as that for orders alone takes a fraction of a
    millisecond: with many blocks of even default sizes."""
    return len(surface.blocks) > FEW and default_geometry(surface).is_even


def _starts(request: Request, ranked: Sequence[tuple[Ints, float]]) -> tuple[Ints, int]:
    """The orders to begin with, and the number of further steps; none with exploration."""
    if request.surface.guardrails.exploration:
        return ranked[0][0][None], 0
    quick = is_quick(request.surface)
    orders = np.array([order for order, _ in ranked[: 2 if quick else None]])
    return orders, 0 if quick else STEPS


def with_sizes(stability: Stability, new: Resized) -> Stability:
    """What moves cost and save, with what new sizes do. `saves` is in there already, but for what
    was asked of them."""
    return replace(
        stability,
        resized=new.changed,
        cost_seconds=stability.cost_seconds + new.lost,
        saves_seconds=stability.saves_seconds + new.asked,
    )


def _named(request: Request, classes: Ints) -> dict[str, int]:
    pairs = zip(request.surface.index, classes.tolist(), strict=True)
    return {block_id: size_class for block_id, size_class in pairs if size_class != 1}
