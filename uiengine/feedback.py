"""What a user asks for outright: pin, unpin, move, undo, freeze, reset. Each acts at once."""

from __future__ import annotations

from collections.abc import Sequence

from .profile import UNDO_DAYS, Pin, Profile, Undone, show_order


def pin(profile: Profile, block_id: str, place: Pin) -> None:
    """Holds a block at its rank, and at its cell at the breakpoint where the user pinned it."""
    profile.feedback.pins[block_id] = place
    _changed(profile)


def unpin(profile: Profile, block_id: str) -> None:
    profile.feedback.pins.pop(block_id, None)
    _changed(profile)


def move(profile: Profile, block_id: str, rank: int, *, order: Sequence[str], visit: str) -> None:
    """The user put a block at `rank` of `order`; it stays there until it is unpinned."""
    rest = [b for b in order if b != block_id]
    rank = max(0, min(rank, len(rest)))
    _set_order(profile, [*rest[:rank], block_id, *rest[rank:]], visit)
    profile.feedback.pins[block_id] = Pin(rank)
    _changed(profile)


def undo(
    profile: Profile, *, order: Sequence[str], before: Sequence[str], visit: str, day: int
) -> None:
    """Back to the layout before this visit's; its moves are not proposed again for 28 days.

    A block that goes back is no longer pinned: the user's own moves pin, and are taken back too.
    """
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
    """While frozen, the layout stays exactly as it is."""
    profile.feedback.frozen = on
    _changed(profile)


def reset(profile: Profile, *, default: Sequence[str], visit: str) -> None:
    """Back to the default layout, without pins; history stays."""
    profile.feedback.pins.clear()
    profile.feedback.undone = ()
    _set_order(profile, default, visit)
    _changed(profile)


def _set_order(profile: Profile, order: Sequence[str], visit: str) -> None:
    profile.feedback.override = tuple(order)
    profile.feedback.override_visit = visit
    show_order(profile, order)


def _changed(profile: Profile) -> None:
    profile.feedback.generation += 1
