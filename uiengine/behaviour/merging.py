"""Merges two profiles of one person, as when an anonymous visitor signs in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from uiengine.behaviour.profile import (
    BlockUse,
    Feedback,
    OwnSizes,
    Profile,
    add_day_uses,
    close_visit,
    copy,
    day_visits_at,
    familiarity_kept,
    visit_shares_at,
)

Wish = TypeVar("Wish")


def merge(one: Profile, other: Profile) -> Profile:
    """Merges two histories, as when an anonymous visitor signs in. Commutative; closes open visits.

    Day counters are decayed to the later time. Per-visit counters treat all visits of the profile
    that ended earlier as preceding the other's, which is exact unless they interleave. The later
    profile's order, and its settings in conflicting feedback, win.
    """
    earlier, later = sorted((_closed(one), _closed(other)), key=_age)
    last_day = max(earlier.last_day, later.last_day)
    visits = zip(day_visits_at(earlier, last_day), day_visits_at(later, last_day), strict=True)
    days = [p.first_day for p in (earlier, later) if p.visits]
    merged = Profile(
        visits=earlier.visits + later.visits,
        day_visits=tuple(a + b for a, b in visits),
        first_day=min(days, default=0),
        last_day=last_day,
        order=later.order or earlier.order,
        before=later.before or earlier.before,
        sizes=later.sizes if later.order else earlier.sizes,
        sizes_before=later.sizes_before if later.before else earlier.sizes_before,
        last_event=max(earlier.last_event, later.last_event),
        feedback=_merge_feedback(earlier.feedback, later.feedback),
    )
    for block_id in sorted({*earlier.blocks, *later.blocks}):
        merged.blocks[block_id] = _merge_counters(
            earlier.blocks.get(block_id), later.blocks.get(block_id), earlier.visits
        )
    merged.familiarity = _merge_familiarity(earlier, later)
    return merged


def _closed(profile: Profile) -> Profile:
    closed = copy(profile)
    close_visit(closed)
    return closed


def _age(profile: Profile) -> tuple[object, ...]:
    # The last parts only break ties, so that merging does not depend on the argument order.
    return (profile.last_event, profile.last_day, profile.first_day, profile.visits, repr(profile))


def _merge_counters(earlier: BlockUse | None, later: BlockUse | None, shift: int) -> BlockUse:
    if later is None:
        assert earlier is not None
        return earlier
    later.visit += shift
    if earlier is None:
        return later
    shares = zip(visit_shares_at(earlier, later.visit), later.visit_shares, strict=True)
    day_uses, day = add_day_uses(earlier, later)
    return BlockUse(
        day_uses,
        tuple(a + b for a, b in shares),
        day,
        later.visit,
        earlier.uses + later.uses,
        later.last_share,
    )


def _merge_familiarity(earlier: Profile, later: Profile) -> dict[str, float]:
    """u under the order that stays, plus the other profile's u of blocks that stood near there."""
    shown = later if later.order else earlier
    other = earlier if shown is later else later
    familiarity = dict(shown.familiarity)
    ranks = {block_id: rank for rank, block_id in enumerate(shown.order)}
    old = {block_id: rank for rank, block_id in enumerate(other.order)}
    for block_id, u in other.familiarity.items():
        shift = ranks.get(block_id, 0) - old.get(block_id, ranks.get(block_id, 0))
        familiarity[block_id] = familiarity.get(block_id, 0.0) + u * familiarity_kept(shift)
    return dict(sorted(familiarity.items()))


def _merge_feedback(earlier: Feedback, later: Feedback) -> Feedback:
    return Feedback(
        pins=dict(sorted({**_without(earlier.pins, later.tray), **later.pins}.items())),
        undone=tuple(dict.fromkeys((*earlier.undone, *later.undone))),
        frozen=later.frozen,
        opted_out=earlier.opted_out or later.opted_out,
        plain=earlier.plain or later.plain,
        generation=earlier.generation + later.generation + 1,
        override=later.override,
        override_visit=later.override_visit,
        override_sizes=later.override_sizes,
        folded=tuple(dict.fromkeys((*earlier.folded, *later.folded))),
        tray={**_without(earlier.tray, {*later.pins, *later.tray}), **later.tray},
        suggested=dict(sorted({**earlier.suggested, **later.suggested}.items())),
        declined=tuple(dict.fromkeys((*earlier.declined, *later.declined))),
        unexpected=tuple(sorted({*earlier.unexpected, *later.unexpected})),
        own_sizes=_merge_own_sizes(earlier.own_sizes, later.own_sizes),
        kept_sizes=dict(sorted({**earlier.kept_sizes, **later.kept_sizes}.items())),
    )


def _without(of: Mapping[str, Wish], blocks: Collection[str]) -> dict[str, Wish]:
    """What was wished of blocks, but for those of which the later profile wished the contrary."""
    return {block_id: wish for block_id, wish in of.items() if block_id not in blocks}


def _merge_own_sizes(earlier: OwnSizes, later: OwnSizes) -> OwnSizes:
    """The sizes that either gave at a breakpoint; a block may have one at each."""
    blocks = sorted({*earlier, *later})
    return {b: {**earlier.get(b, {}), **later.get(b, {})} for b in blocks}
