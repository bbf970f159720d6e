"""A person's wishes to fold a block, put it away, bring it back, or keep what was suggested.

Each returns the order that is on the page afterwards, without the tray. A pin's rank counts the
blocks on the page, so that pinned blocks stay beside their neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from uiengine.behaviour.profile import Profile, Suggested

Order = tuple[str, ...]


def fold(profile: Profile, block_id: str, order: Sequence[str]) -> Order:
    """Shows a block's title alone, in its place."""
    feedback = profile.feedback
    if block_id in order and block_id not in feedback.folded:
        feedback.folded = (*feedback.folded, block_id)
    feedback.generation += 1
    return tuple(order)


def put_away(profile: Profile, block_id: str, order: Sequence[str], visit: str, day: int) -> Order:
    """Puts a block into the tray, unpinned and unfolded; the last block of a page stays.

    It is not suggested any more. day, visit: of the wish.
    """
    feedback, order = profile.feedback, tuple(order)
    feedback.generation += 1
    if block_id not in order or len(order) < 2:
        return order
    rank = order.index(block_id)
    feedback.folded = tuple(b for b in feedback.folded if b != block_id)
    feedback.pins.pop(block_id, None)
    _shift(profile, rank, -1)
    feedback.tray[block_id] = rank
    feedback.suggested.setdefault(block_id, Suggested(visit, day))
    return (*order[:rank], *order[rank + 1 :])


def bring_back(profile: Profile, block_id: str, order: Sequence[str]) -> Order:
    """Shows a folded block whole, or takes one out of the tray to the rank that it had."""
    feedback, order = profile.feedback, tuple(order)
    feedback.generation += 1
    feedback.folded = tuple(b for b in feedback.folded if b != block_id)
    rank = feedback.tray.pop(block_id, None)
    if rank is None or block_id in order:
        return order
    _shift(profile, rank - 1, 1)
    return (*order[:rank], block_id, *order[rank:])


def decline(profile: Profile, block_id: str, visit: str, day: int) -> None:
    """Keeps a block that was suggested to be put away, for good."""
    feedback = profile.feedback
    if block_id not in feedback.declined:
        feedback.declined = (*feedback.declined, block_id)
    feedback.suggested.setdefault(block_id, Suggested(visit, day))
    feedback.generation += 1


def remember_suggested(profile: Profile, block_id: str, visit: str, day: int) -> None:
    """Notes that the person saw a suggestion: it is not made at another visit."""
    profile.feedback.suggested.setdefault(block_id, Suggested(visit, day))


def _shift(profile: Profile, rank: int, step: int) -> None:
    """Shifts the pins after `rank`."""
    pins = profile.feedback.pins
    for block_id, pin in pins.items():
        if pin.rank > rank:
            pins[block_id] = replace(pin, rank=pin.rank + step)
