"""What a person folded or put away, and what the engine may suggest to put away.

Only the person does it: the page without it is a surface of its own, by which everything is
decided, so that groups, pins and the other rules hold there as on the whole page.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from uiengine.behaviour.profile import Feedback
from uiengine.decision import Unused
from uiengine.model.prediction import Prediction
from uiengine.page.surface import Block, Size, SizeLimits, Surface
from uiengine.request import Request

LEAST_VISITS = 20
"""Visits of one's own without a use, from which a block may be suggested."""
LEAST_DAYS = 28
"""Days without a use, likewise."""
PAUSE_DAYS = 7
"""Least days from one suggestion to the next."""
MOST_PROBABLE = 0.05
"""Probability of use at the next visit above which a trained version keeps a block."""
MOST_PAGES = 64
"""Maximum number of derived surfaces kept per surface."""


def may_leave(block: Block) -> bool:
    """False for a block that the team requires or pins: nobody can fold it or put it away."""
    return not (block.required or block.is_pinned)


def folded_and_tray(surface: Surface, feedback: Feedback) -> tuple[frozenset[str], frozenset[str]]:
    """The blocks that are folded now, and those in the tray.

    Both are empty where the surface's owner does not allow it; a page is never without a block.
    """
    if not surface.guardrails.put_away or not (feedback.folded or feedback.tray):
        return frozenset(), frozenset()
    free = {block.id for block in surface.blocks if may_leave(block)}
    tray = frozenset(free.intersection(feedback.tray))
    if len(tray) == len(surface.blocks):
        tray = frozenset()
    return frozenset(free.intersection(feedback.folded)) - tray, tray


def on_page(order: tuple[str, ...], surface: Surface, feedback: Feedback) -> tuple[str, ...]:
    """The order without what is in the tray by now. surface: the whole one."""
    tray = folded_and_tray(surface, feedback)[1]
    return tuple(b for b in order if b not in tray)


def page_of(surface: Surface, feedback: Feedback) -> Surface:
    """The surface as this person has it: without the tray, folded blocks as low as a title."""
    folded, tray = folded_and_tray(surface, feedback)
    if not folded and not tray:
        return surface
    known: dict[tuple[Collection[str], Collection[str]], Surface]
    known = surface.memory.setdefault("put_away", {})
    page = known.get((folded, tray))
    if page is None:
        if len(known) >= MOST_PAGES:
            known.clear()
        blocks = tuple(
            _folded(surface, block) if block.id in folded else block
            for block in surface.blocks
            if block.id not in tray
        )
        page = known[folded, tray] = replace(surface, blocks=blocks)
    return page


def _folded(surface: Surface, block: Block) -> Block:
    """The block as low as a touch target, in its own widths."""
    sizes = {}
    for at in surface.breakpoints:
        own, rows = block.sizes[at.name], surface.smallest_target(at).h
        widest = own.max.w if own.max else at.columns
        low, default, high = (Size(w, rows) for w in (own.min.w, own.default.w, widest))
        sizes[at.name] = SizeLimits(default=default, min=low, max=high)
    return replace(block, sizes=sizes)


def suggestion(request: Request, prediction: Prediction) -> Unused | None:
    """The block that the person used once and has not for longest; None where there is none.

    Each is suggested at one visit only, one a visit, at most one in PAUSE_DAYS. A block that was
    never used is not suggested: it may be new. request.surface: as of `page_of`.
    """
    surface, feedback = request.surface, request.profile.feedback
    if not surface.guardrails.put_away or len(surface.blocks) < 2:
        return None
    unused = _unused(request, prediction)
    now = [b for b, made in feedback.suggested.items() if made.visit == request.visit]
    if now:
        return next((u for u in unused if u.block in now), None)
    last = max((made.day for made in feedback.suggested.values()), default=request.day - PAUSE_DAYS)
    if request.day - last < PAUSE_DAYS:
        return None
    fresh = [u for u in unused if u.block not in feedback.suggested]
    return max(fresh, key=lambda u: (u.visits, u.days), default=None)


def _unused(request: Request, prediction: Prediction) -> list[Unused]:
    """The blocks of long disuse that the person may put away, has not pinned or folded, and has
    not wanted to keep."""
    profile, feedback = request.profile, request.profile.feedback
    kept = {*feedback.pins, *feedback.folded, *feedback.declined}
    needed = [0.0] * len(request.surface.blocks)
    if not prediction.is_guess:
        needed = prediction.demand.tolist()
    found = []
    for block, probability in zip(request.surface.blocks, needed, strict=True):
        use = profile.blocks.get(block.id)
        if use is None or block.id in kept or not may_leave(block):
            continue
        visits, days = profile.visits - use.visit, request.day - use.day
        if visits >= LEAST_VISITS and days >= LEAST_DAYS and probability <= MOST_PROBABLE:
            found.append(Unused(block.id, visits, days))
    return found
