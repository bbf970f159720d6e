"""Reasons why a block stands higher than in the default layout, worded for users.

Each sentence claims no more than what is counted: of the user's own visits in the profile, of other
people in the popularity. About others nothing is said unless LEAST_PEOPLE of them came lately.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from string import Template

from uiengine.behaviour.popularity import NEWCOMER_VISITS, PERIOD_DAYS, Popularity
from uiengine.behaviour.profile import BlockUse, Profile, day_uses_at, day_visits_at, resized_blocks
from uiengine.decision import Reason
from uiengine.model.prediction import Prediction
from uiengine.page.reading_order import apply_pins, default_order
from uiengine.page.surface import Surface
from uiengine.request import Request

AT_MOST = 3
OFTEN, SOMETIMES = 0.6, 0.25
"""Smallest shares of visits for "most visits" and "some visits", and of demand for "often"."""
LEAST_VISITS = 3
"""Smallest number of the user's visits that can be "most" or "some"."""
LARGEST = 2
"""The size class of a block's largest size."""
LEAST_PEOPLE = 10
"""Smallest number of other people on the page of whom anything is said."""
Evidence = tuple[str, Mapping[str, str | int | float]]
"""A code of SENTENCES and the numbers of its claim."""

SENTENCES: Mapping[str, str] = {
    "pinned": "You pinned $title here.",
    "most_visits": "You use $title in most of your visits: in $uses of $visits.",
    "last_visit": "You used $title in your last visit.",
    "some_visits": "You come back to $title: you used it in $uses of $visits visits.",
    "used": "You have used $title here before.",
    "popular": "$percent % of what is used here lately is $title, on a page with $people or more"
    " other people.",
    "predicted": "$people or more other people were here lately; those who use this page as you do"
    " often need $title next.",
    "first_visit": "$percent % of what newcomers use here lately is $title; $people or more were"
    " new.",
    "guess": "A first guess from pages like this one.",
    "kept": "Everything stays where you know it.",
    "resized": "You chose the size of $title.",
    "larger": "On a wide page $title is larger than usual: you used it in $uses of $visits visits.",
    "smaller": "On a wide page $title is smaller than usual: you used it in $uses of $visits"
    " visits.",
}


def sentence(reason: Reason, template: str | None = None) -> str:
    """The reason in English, or in the language of a translated template."""
    return Template(template or SENTENCES[reason.code]).substitute(reason.values)


def reasons(
    request: Request,
    prediction: Prediction,
    order: tuple[str, ...],
    sizes: Mapping[str, int] | None = None,
) -> tuple[Reason, ...]:
    """At most three reasons, for the blocks whose climb over the default order is worth most.

    The worth is demand × ranks climbed: the part of the energy's search term that the climb saves.
    A climb without evidence has no reason. sizes: classes of blocks that have not their default
    size, each with a reason of its own after these, where the surface lets sizes change.
    """
    demand = dict(zip(request.surface.index, prediction.demand.tolist(), strict=True))
    pins = request.profile.feedback.pins
    # What the user moved has made others climb, for which there is no other reason.
    plain = apply_pins(request.surface, default_order(request.surface), pins)
    default = {block_id: rank for rank, block_id in enumerate(plain)}
    climbs = [(demand[b] * (default[b] - rank), b) for rank, b in enumerate(order)]
    climbed = sorted([c for c in climbs if c[0] > 0], key=itemgetter(0), reverse=True)
    pinned = [b for b in order if b in pins]
    stays = bool(request.profile.visits) and order == request.profile.order
    if request.surface.guardrails.sizes:
        stays = stays and not resized_blocks(request.profile.sizes, sizes or {})
    said: list[Reason] = []
    for block_id in dict.fromkeys([*pinned, *(b for _, b in climbed)]):
        if len(said) == AT_MOST - stays:
            break
        if found := _evidence(request, prediction, block_id, demand[block_id]):
            code, values = found
            title = request.surface.block(block_id).title
            said.append(Reason(code, block_id, {"title": title, **values}))
    if stays:
        # Attached to a block without a reason, so that neither hides the other.
        about = {reason.block for reason in said}
        said += [Reason("kept", b, {}) for b in order if b not in about][:1]
    if request.surface.guardrails.sizes:
        said += _size_reasons(request, sizes or {})
    return tuple(said)


def _size_reasons(request: Request, sizes: Mapping[str, int]) -> list[Reason]:
    """Of each block that has not its default size, and of each that the user resized."""
    surface, own = request.surface, request.profile.feedback.own_sizes
    chosen = [
        Reason("resized", b.id, {"title": b.title})
        for b in surface.blocks
        if b.id in own and not b.is_pinned
    ]
    others = [(b, c) for b, c in sorted(sizes.items()) if b not in own]
    return [*chosen, *(_size_reason(request, block_id, c) for block_id, c in others)]


def _size_reason(request: Request, block_id: str, size_class: int) -> Reason:
    """Says how often the user used a block of another size: what its size follows from."""
    known, visits = request.profile.blocks.get(block_id), request.profile.visits
    uses = min(known.uses, visits) if known else 0  # late uses count, their visits may not
    title = request.surface.block(block_id).title
    code = "larger" if size_class == LARGEST else "smaller"
    return Reason(code, block_id, {"title": title, "uses": uses, "visits": visits})


def public_reasons(
    surface: Surface,
    popularity: Popularity,
    day: int,
    demand: Mapping[str, float],
    order: tuple[str, ...],
) -> tuple[Reason, ...]:
    """At most AT_MOST reasons that are true for whoever sees `order`: of the page's use alone."""
    default = {block_id: rank for rank, block_id in enumerate(default_order(surface))}
    climbs = [(demand[b] * (default[b] - rank), b) for rank, b in enumerate(order)]
    climbed = sorted([c for c in climbs if c[0] > 0], key=itemgetter(0), reverse=True)
    if (people := people_lately(popularity, day) - 1) < LEAST_PEOPLE:
        return ()
    even = 100 / len(surface.blocks)
    shares = [(_percent(popularity.shares, b, popularity.visits[-1]), b) for _, b in climbed]
    return tuple(
        Reason(
            "popular",
            b,
            {"title": surface.block(b).title, "percent": percent, "people": people},
        )
        for percent, b in shares
        if percent >= even
    )[:AT_MOST]


def _evidence(
    request: Request, prediction: Prediction, block_id: str, demand: float
) -> Evidence | None:
    """The strongest evidence for this block: the user's wish, own use, other people, a guess."""
    profile = request.profile
    if block_id in profile.feedback.pins:
        return "pinned", {}
    counters = profile.blocks.get(block_id)
    if counters is not None:
        return _own_use(profile, counters, request.day)
    return _of_others(request, prediction, block_id, demand) or (
        ("guess", {}) if prediction.is_guess else None
    )


def _own_use(profile: Profile, counters: BlockUse, day: int) -> Evidence:
    rate = day_uses_at(counters, day)[-1] / max(day_visits_at(profile, day)[-1], 1e-9)
    uses, visits = counters.uses, profile.visits
    counted = {"uses": uses, "visits": visits}
    # A late use adds to a block's uses and not to visits.
    is_counted = LEAST_VISITS <= visits >= uses > 1
    if is_counted and rate >= OFTEN and 2 * uses > visits:
        return "most_visits", counted
    if counters.visit == visits and counters.last_share:  # 0 after a late use
        return "last_visit", {}
    return ("some_visits", counted) if is_counted and rate >= SOMETIMES else ("used", {})


def _of_others(
    request: Request, prediction: Prediction, block_id: str, demand: float
) -> Evidence | None:
    """What other people's use says of a block that the user never used, None if too few came."""
    popularity, is_new = request.popularity, not request.profile.visits
    people = people_lately(popularity, request.day) - (not is_new)
    if people < LEAST_PEOPLE:
        return None
    even = 100 / len(request.surface.blocks)
    if is_new:
        newcomers = sum(shares[-1] for shares in popularity.newcomers.values())
        # Each counts at most NEWCOMER_VISITS times.
        if (new := int(newcomers / NEWCOMER_VISITS)) >= LEAST_PEOPLE:
            percent = _percent(popularity.newcomers, block_id, newcomers)
            if percent >= even:
                return "first_visit", {"percent": percent, "people": new}
    percent = _percent(popularity.shares, block_id, popularity.visits[-1])
    if percent >= even:
        return "popular", {"percent": percent, "people": people}
    if not is_new and not prediction.is_guess and demand >= SOMETIMES:
        return "predicted", {"people": people}
    return None


def people_lately(popularity: Popularity, day: int) -> int:
    """The number of people in the fuller of the two periods up to `day`; each is counted once."""
    period = day // PERIOD_DAYS
    return max(popularity.people.get(period - 1, 0), popularity.people.get(period, 0))


def _percent(shares: Mapping[str, tuple[float, ...]], block_id: str, total: float) -> int:
    """The block's whole percent of all uses at the longest half-life."""
    return int(100 * shares[block_id][-1] / max(total, 1e-9)) if block_id in shares else 0
