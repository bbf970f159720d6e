"""What a page holds true of a person, from the very terms that decide their order.

Each claim can be struck out: `use` of a block, what it takes from the person's own counters, and
`expected`, what is expected of a block (`Feedback.unexpected`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template

from uiengine.behaviour.profile import BlockUse, Profile, habit_at
from uiengine.explain import LEAST_PEOPLE, LEAST_VISITS, people_lately
from uiengine.model.prediction import Prediction
from uiengine.request import Request
from uiengine.search.assignment import outlook

MOST_EXPECTED = 5
"""Most blocks of which it is said that they are expected."""
USE, EXPECTED = "use", "expected"

CLAIMS: Mapping[str, str] = {
    "mostly_used": "You use $title in most of your visits: in $uses of $visits. The last time was"
    " $date.",
    "used": "You used $title in $uses of your $visits visits. The last time was $date.",
    "used_once": "You used $title in your only visit, on $date.",
    "used_late": "You used $title, the last time $date.",
    "used_now": "You used $title in this visit; it counts from the next one.",
    "expected_of_you": "The page expects that $percent % of what you use at your next visit is"
    " $title, by what you and people like you use.",
    "expected_by_habit": "The page expects that $percent % of what you use at your next visit is"
    " $title, by your own use and by what pages like this one show.",
    "expected_like_you": "People who use this page as you do need $title: the page expects that"
    " $percent % of what you use at your next visit is it.",
    "expected_guess": "A first guess from pages like this one: $percent % of what you use at your"
    " next visit is $title.",
}
"""English sentences by code; `date` is the last day of use, for the caller to word."""


@dataclass(frozen=True)
class Claim:
    """about: USE or EXPECTED; code: of CLAIMS; last_day: whole days since 1970, None if none."""

    about: str
    block: str
    code: str
    values: Mapping[str, str | int]
    last_day: int | None = None


@dataclass(frozen=True)
class Sure:
    """How sure the page is. visits: the person's; own_percent: how far what is expected rests on
    them, the rest being what others and pages like this one show."""

    visits: int
    first_day: int
    own_percent: int


def claim_sentence(claim: Claim, date: str = "", template: str | None = None) -> str:
    """The claim in English, or in the language of a translated template. date: of `last_day`."""
    return Template(template or CLAIMS[claim.code]).substitute({**claim.values, "date": date})


def use_claims(request: Request, now: Sequence[str] = ()) -> tuple[Claim, ...]:
    """What the person used on this page, the strongest habit first, and at last what counts from
    the next visit. now: blocks used in the open visit."""
    profile, known = request.profile, request.profile.blocks
    used = [b for b in request.surface.index if b in known]
    habits = {b: habit_at(known[b], profile.visits) for b in used}
    titles = {block.id: block.title for block in request.surface.blocks}
    return (
        *(
            _use_claim(titles[b], b, known[b], profile)
            for b in sorted(used, key=lambda b: (-habits[b], -known[b].day))
        ),
        *(
            Claim(USE, b, "used_now", {"title": titles[b]}, request.day)
            for b in now
            if b in titles and b not in known
        ),
    )


def _use_claim(title: str, block: str, counters: BlockUse, profile: Profile) -> Claim:
    uses, visits = counters.uses, profile.visits
    values: dict[str, str | int] = {"title": title, "uses": uses, "visits": visits}
    if uses > visits:  # a late use adds to a block's uses and not to visits
        return Claim(USE, block, "used_late", {"title": title}, counters.day)
    if visits == 1:
        return Claim(USE, block, "used_once", values, counters.day)
    is_most = visits >= LEAST_VISITS and 2 * uses > visits
    return Claim(USE, block, "mostly_used" if is_most else "used", values, counters.day)


def expected_claims(request: Request, prediction: Prediction) -> tuple[Claim, ...]:
    """The blocks of which more than an even share is expected, at most MOST_EXPECTED."""
    demand = outlook(request, prediction).demand.tolist()
    blocks = sorted(zip(demand, request.surface.blocks, strict=True), key=lambda pair: -pair[0])
    unexpected, least = request.profile.feedback.unexpected, 1.0 / len(demand)
    return tuple(
        Claim(
            EXPECTED,
            block.id,
            _expected_code(request, prediction, block.id),
            {"title": block.title, "percent": round(100 * share)},
        )
        for share, block in blocks
        if share > least and block.id not in unexpected
    )[:MOST_EXPECTED]


def _expected_code(request: Request, prediction: Prediction, block: str) -> str:
    others = people_lately(request.popularity, request.day) - bool(request.profile.visits)
    is_of_people = others >= LEAST_PEOPLE and not prediction.is_guess
    if block in request.profile.blocks:
        return "expected_of_you" if is_of_people else "expected_by_habit"
    return "expected_like_you" if is_of_people else "expected_guess"


def sure(request: Request, prediction: Prediction) -> Sure:
    own = outlook(request, prediction).own
    return Sure(request.profile.visits, request.profile.first_day, round(100 * own))
