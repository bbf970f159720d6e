"""Reasons why a block stands higher than in the default layout, worded for users."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from string import Template

from uiengine.behaviour.profile import day_uses_at, day_visits_at
from uiengine.decision import Reason
from uiengine.model.prediction import Prediction
from uiengine.page.reading_order import default_order
from uiengine.request import Request

AT_MOST = 3
OFTEN, SOMETIMES = 0.6, 0.25
"""Smallest shares of visits for "most visits" and "some visits"."""

SENTENCES: Mapping[str, str] = {
    "pinned": "You pinned $title here.",
    "most_visits": "You open $title in most of your visits.",
    "last_visit": "You used $title in your last visit.",
    "some_visits": "You come back to $title regularly.",
    "popular": "Many people here use $title these days.",
    "predicted": "People who use this page as you do often need $title next.",
    "first_visit": "People who are new to this page often need $title.",
    "kept": "Everything stays where you know it: moving it would not save you time.",
}


def sentence(reason: Reason, template: str | None = None) -> str:
    """The reason in English, or in the language of a translated template."""
    return Template(template or SENTENCES[reason.code]).substitute(reason.values)


def reasons(request: Request, prediction: Prediction, order: tuple[str, ...]) -> tuple[Reason, ...]:
    """At most three reasons, for the blocks whose climb over the default order is worth most.

    The worth is demand × ranks climbed: the part of the energy's search term that the climb saves.
    """
    demand = dict(zip(request.surface.index, prediction.demand.tolist(), strict=True))
    default = {block_id: rank for rank, block_id in enumerate(default_order(request.surface))}
    climbs = [(demand[b] * (default[b] - rank), b) for rank, b in enumerate(order)]
    climbed = sorted([c for c in climbs if c[0] > 0], key=itemgetter(0), reverse=True)
    pinned = [b for b in order if b in pins] if (pins := request.profile.feedback.pins) else []
    chosen = list(dict.fromkeys([*pinned, *(b for _, b in climbed)]))[:AT_MOST]
    if not chosen or order == request.profile.order:
        said = chosen[: AT_MOST - 1]
        # Attached to a block without a reason, so that neither hides the other.
        rest = [b for b in order if b not in said] if request.profile.visits else []
        kept = [Reason("kept", b, {}) for b in rest[:1]]
        return (*(_reason(request, b) for b in said), *kept)
    return tuple(_reason(request, block_id) for block_id in chosen)


def _reason(request: Request, block_id: str) -> Reason:
    block = request.surface.block(block_id)
    return Reason(_evidence(request, block_id), block_id, {"title": block.title})


def _evidence(request: Request, block_id: str) -> str:
    """The strongest evidence for this block: the user's wish, habit, last visit, other people."""
    profile = request.profile
    counters = profile.blocks.get(block_id)
    if block_id in profile.feedback.pins:
        return "pinned"
    if counters is not None:
        visits = max(day_visits_at(profile, request.day)[-1], 1e-9)
        rate = day_uses_at(counters, request.day)[-1] / visits
        if rate >= OFTEN:
            return "most_visits"
        if counters.visit == profile.visits:
            return "last_visit"
        if rate >= SOMETIMES:
            return "some_visits"
    shares = request.popularity.shares.get(block_id)
    total = max(request.popularity.visits[-1], 1e-9)
    if shares and shares[-1] / total >= 1 / len(request.surface.blocks):
        return "popular"
    return "predicted" if profile.visits else "first_visit"
