"""A user's explicit wishes: pin, move, resize, undo, freeze, plain, reset. Each acts at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from uiengine.behaviour.profile import (
    MOST_STEPS,
    RESIZE_KEPT,
    UNDO_DAYS,
    Pin,
    Profile,
    Sizes,
    Step,
    Undone,
    resized_blocks,
    show_order,
    show_sizes,
    undoes,
)


def remember(profile: Profile, shown: Sequence[str], shown_sizes: Sizes | None = None) -> None:
    """Saves the state before a wish of the open visit, for undo to restore.

    shown, shown_sizes: as on the page. The last MOST_STEPS wishes can be undone.
    """
    step = Step(
        shown=tuple(shown),
        order=profile.order,
        familiarity=dict(profile.familiarity),
        pins=dict(profile.feedback.pins),
        undone=profile.feedback.undone,
        folded=profile.feedback.folded,
        tray=dict(profile.feedback.tray),
        sizes=profile.sizes,
        shown_sizes=dict(shown_sizes or {}),
        own_sizes=profile.feedback.own_sizes,
        kept_sizes=profile.feedback.kept_sizes,
    )
    profile.feedback.steps = (*profile.feedback.steps, step)[-MOST_STEPS:]


def forget(profile: Profile) -> None:
    """Drops the undo steps at the end of a visit; its wishes stay in effect."""
    profile.feedback.steps = ()


def pin(profile: Profile, block_id: str, place: Pin) -> None:
    """Fixes a block at its rank, and at its cell at the breakpoint where the user pinned it.

    One that was put away, and is on the page again as the team wants it there, leaves the tray.
    """
    profile.feedback.tray.pop(block_id, None)
    profile.feedback.pins[block_id] = place
    _changed(profile)


def unpin(profile: Profile, block_id: str) -> None:
    profile.feedback.pins.pop(block_id, None)
    _changed(profile)


def move(profile: Profile, block_id: str, rank: int, *, order: Sequence[str], visit: str) -> None:
    """Moves a block to `rank` of `order`, where it stays until it is unpinned.

    If another block is fixed at that rank, it makes room: the newest wish wins.
    """
    rest = [b for b in order if b != block_id]
    rank = max(0, min(rank, len(rest)))
    came_from = list(order).index(block_id) if block_id in order else len(rest)
    _make_room(profile.feedback.pins, block_id, rank, 1 if came_from >= rank else -1)
    _set_order(profile, [*rest[:rank], block_id, *rest[rank:]], visit)
    pin(profile, block_id, Pin(rank))


def resize(profile: Profile, block_id: str, breakpoint: str, width: int, height: int) -> None:
    """Gives a block a size at the breakpoint where the user resized it, which stays until reset.

    width, height: in cells; limits are applied where a layout is made (`Surface.within_limits`).
    """
    sizes = profile.feedback.own_sizes
    own = {**sizes.get(block_id, {}), breakpoint: (width, height)}
    profile.feedback.own_sizes = {**sizes, block_id: own}
    if block_id in profile.familiarity:
        profile.familiarity[block_id] *= RESIZE_KEPT
    _changed(profile)


def _make_room(pins: dict[str, Pin], block_id: str, rank: int, step: int) -> None:
    """Shifts pins at `rank`, and those in their way, towards the block's former rank, as the
    order does."""
    held = {b: pin for b, pin in pins.items() if b != block_id}
    while shifted := [b for b, pin in held.items() if pin.rank == rank]:
        rank += step
        for other in shifted:
            pins[other] = replace(held[other], rank=max(0, rank))


def undo(
    profile: Profile,
    *,
    order: Sequence[str],
    before: Sequence[str],
    visit: str,
    day: int,
    sizes: Sizes | None = None,
) -> None:
    """Takes back the user's last wish of this visit, restoring pins, sizes and order.

    Without a wish, takes back the engine's moves and new sizes: the order becomes `before`, the
    sizes those before the visit, none of it is proposed again for UNDO_DAYS days, and blocks sent
    back are unpinned. Without either, changes nothing.
    """
    earlier = profile.sizes_before
    undoing = undoes(profile, order=order, before=before, sizes=sizes, sizes_before=earlier)
    if undoing == "wish":
        _step_back(profile, visit)
    elif undoing == "visit":
        _take_back_sizes(profile, sizes or {}, day)
        _take_back_visit(profile, order, before, visit, day)


def _step_back(profile: Profile, visit: str) -> None:
    *earlier, step = profile.feedback.steps
    profile.feedback.steps = tuple(earlier)
    profile.feedback.pins = dict(step.pins)
    profile.feedback.undone = step.undone
    profile.feedback.folded, profile.feedback.tray = step.folded, dict(step.tray)
    profile.feedback.own_sizes, profile.feedback.kept_sizes = step.own_sizes, step.kept_sizes
    profile.order, profile.sizes = step.order, step.sizes
    profile.familiarity = dict(step.familiarity)
    profile.feedback.override, profile.feedback.override_visit = step.shown, visit
    profile.feedback.override_sizes = step.shown_sizes
    _changed(profile)


def _take_back_sizes(profile: Profile, shown: Sizes, day: int) -> None:
    taken_back = dict.fromkeys(resized_blocks(profile.sizes_before, shown), day + UNDO_DAYS)
    still_kept = {b: until for b, until in profile.feedback.kept_sizes.items() if until > day}
    profile.feedback.kept_sizes = {**still_kept, **taken_back}
    profile.feedback.override_sizes = profile.sizes_before
    show_sizes(profile, profile.sizes_before)


def _take_back_visit(
    profile: Profile, order: Sequence[str], before: Sequence[str], visit: str, day: int
) -> None:
    ranks = {block_id: rank for rank, block_id in enumerate(before)}
    taken_back = tuple(
        Undone(block_id, rank, day + UNDO_DAYS)
        for rank, block_id in enumerate(order)
        if ranks.get(block_id, rank) != rank
    )
    for back in taken_back:
        profile.feedback.pins.pop(back.block, None)
    still_held = tuple(u for u in profile.feedback.undone if u.until_day > day)
    profile.feedback.undone = (*still_held, *taken_back)
    _set_order(profile, before, visit)
    _changed(profile)


def freeze(profile: Profile, *, on: bool) -> None:
    """Freezes the layout, which then does not change, or unfreezes it."""
    profile.feedback.frozen = on
    _changed(profile)


def plain(profile: Profile, *, on: bool, order: Sequence[str], visit: str) -> None:
    """Chooses the order without profiling, or lets the page adapt again from the next visit on.

    order: the default one with `on`, else the one on the page. What is known of the user stays as
    it is, and pins hold.
    """
    profile.feedback.plain = on
    profile.feedback.override, profile.feedback.override_visit = tuple(order), visit
    profile.feedback.override_sizes = {}
    _changed(profile)


def reset(profile: Profile, *, default: Sequence[str], visit: str) -> None:
    """Restores the default layout, without pins and sizes and with all blocks.

    The counted history stays.
    """
    profile.feedback.pins.clear()
    profile.feedback.folded = ()
    profile.feedback.tray.clear()
    profile.feedback.own_sizes, profile.feedback.kept_sizes = {}, {}
    profile.feedback.override_sizes = {}
    show_sizes(profile, {})
    profile.feedback.undone = ()
    _set_order(profile, default, visit)
    _changed(profile)


def _set_order(profile: Profile, order: Sequence[str], visit: str) -> None:
    profile.feedback.override = tuple(order)
    profile.feedback.override_visit = visit
    show_order(profile, order)


def _changed(profile: Profile) -> None:
    profile.feedback.generation += 1
