"""Reading orders that keep the order rules: fixed blocks, groups, marks, the user's pins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from uiengine.behaviour.profile import Pin
from uiengine.page.surface import Surface


def default_order(surface: Surface) -> tuple[str, ...]:
    """The declared order, with groups and fixed blocks in their places."""
    order: tuple[str, ...] | None = surface.memory.get("default_order")
    if order is None:
        order = apply_pins(surface, tuple(block.id for block in surface.blocks), {})
        surface.memory["default_order"] = order
    return order


def group_of_rank(surface: Surface) -> tuple[int, ...]:
    """The group of the block at each rank, numbered from the top; equal for all orders."""
    return tuple(surface.group_ranks[surface.index[b]] for b in default_order(surface))


def complete(surface: Surface, order: Sequence[str]) -> tuple[str, ...]:
    """`order` without removed blocks, and with added ones after their declared predecessor."""
    if len(order) == len(surface.index) and surface.index.keys() == set(order):
        return tuple(order)
    known = [b for b in dict.fromkeys(order) if b in surface.index]
    present = set(known)
    previous = None
    for block in surface.blocks:
        if block.id not in present:
            known.insert(known.index(previous) + 1 if previous else 0, block.id)
        previous = block.id
    return tuple(known)


def apply_pins(surface: Surface, order: Sequence[str], pins: Mapping[str, Pin]) -> tuple[str, ...]:
    """The order closest to `order` (a permutation of all blocks) that keeps the fixed ranks.

    Blocks pinned by the team stand at their rank in the default layout, groups follow one another,
    and a block pinned by the user takes its rank, or the nearest free one within its group. Other
    blocks of a mark take their places in declared order.
    """
    if surface.kept_orders:
        order = _as_declared(surface, order, pins)
    if not pins and not surface.pinned_ranks and len(set(surface.group_ranks)) <= 1:
        return tuple(order)  # nothing is fixed
    slots: list[str | None] = [None] * len(order)
    for block_id, rank in surface.pinned_ranks.items():
        slots[rank] = block_id
    groups: dict[int, list[str]] = {}
    for block_id in order:
        if block_id not in surface.pinned_ranks:
            groups.setdefault(surface.group_ranks[surface.index[block_id]], []).append(block_id)
    free = [rank for rank, taken in enumerate(slots) if taken is None]
    start = 0
    for group in sorted(groups):
        members = groups[group]
        _fill(slots, free[start : start + len(members)], members, pins)
        start += len(members)
    return tuple(b for b in slots if b is not None)


def _as_declared(surface: Surface, order: Sequence[str], pins: Mapping[str, Pin]) -> Sequence[str]:
    """The order with the blocks of each mark in declared order, groups first, in the places that
    they have."""
    found = list(order)
    declared = {b: (surface.group_ranks[i], i) for b, i in surface.index.items()}
    for ids in surface.kept_orders:
        places = [i for i, b in enumerate(order) if b in ids and b not in pins]
        kept = sorted((order[i] for i in places), key=declared.__getitem__)
        for place, block_id in zip(places, kept, strict=True):
            found[place] = block_id
    return found


def _fill(
    slots: list[str | None], ranks: Sequence[int], members: Sequence[str], pins: Mapping[str, Pin]
) -> None:
    """Assigns a group's members to its ranks: pinned ones first, the rest in the given order."""
    open_ranks = list(ranks)
    held = sorted((pins[b].rank, b) for b in members if b in pins)
    for wanted, block_id in held:
        rank = min(open_ranks, key=lambda r: (abs(r - wanted), r))
        open_ranks.remove(rank)
        slots[rank] = block_id
    rest = (b for b in members if b not in pins)
    for rank, block_id in zip(open_ranks, rest, strict=True):
        slots[rank] = block_id
