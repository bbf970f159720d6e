"""What a page knows of a person, in sentences: one source for the page about it, for
`GET /api/me` and for `GET /api/me/<surface>`.

The engine gives claims as codes with values (`uiengine.claims`); their English sentences are marked
here for `manage.py makemessages`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import formats
from django.utils.translation import gettext, gettext_noop

from uiengine import claims
from uiengine.claims import Claim
from uiengine.errors import VersionError
from uiengine.put_away import page_of
from uiengine.request import Request
from webapp.lib.times import to_milliseconds
from webapp.serving.pages import Page, serving
from webapp.subjects import state_cache, visit_state
from webapp.subjects.decisions import is_control
from webapp.subjects.visit_state import State

SENTENCES = {
    "mostly_used": gettext_noop(
        "You use $title in most of your visits: in $uses of $visits. The last time was $date."
    ),
    "used": gettext_noop(
        "You used $title in $uses of your $visits visits. The last time was $date."
    ),
    "used_once": gettext_noop("You used $title in your only visit, on $date."),
    "used_late": gettext_noop("You used $title, the last time $date."),
    "used_now": gettext_noop("You used $title in this visit; it counts from the next one."),
    "expected_of_you": gettext_noop(
        "The page expects that $percent % of what you use at your next visit is $title, by what"
        " you and people like you use."
    ),
    "expected_by_habit": gettext_noop(
        "The page expects that $percent % of what you use at your next visit is $title, by your"
        " own use and by what pages like this one show."
    ),
    "expected_like_you": gettext_noop(
        "People who use this page as you do need $title: the page expects that $percent % of what"
        " you use at your next visit is it."
    ),
    "expected_guess": gettext_noop(
        "A first guess from pages like this one: $percent % of what you use at your next visit is"
        " $title."
    ),
}
"""By code; a test compares them with `uiengine.claims.CLAIMS`."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).date()


def page_knows(*, key: str, page: Page, now: datetime) -> dict[str, Any]:
    """All that a page holds true of a person, what they struck out, and what is done with the
    present visit. Values are JSON."""
    known = state_cache.read(key, page)
    here = to_milliseconds(now) + known.clock_offset * 1000
    visit_state.settle(known.state, here, page.gap)
    target = state_cache.fold_target(key, page)
    visit, _, day = visit_state.current(known.state, target, here)
    page, state = page.serving(key, to_milliseconds(now)), known.state
    popularity = serving.popularity(page, day)
    request = Request(page.surface, state.profile, popularity, day, visit=visit)
    used = claims.use_claims(request, tuple(state.open.uses) if state.open else ())
    expected, sure = _expected(key, page, request)
    learns = visit not in state.unlearned.visits if state.unlearned else True
    return {
        "surface": page.surface.slug,
        "arranged": _arranged(key, page, state),
        "claims": [_claim(claim) for claim in (*used, *expected)],
        "sure": sure,
        "struck": _struck(state, page),
        "forgotten": [
            {"since": _iso(since), "until": _iso(until)}
            for since, until, _ in (state.unlearned.spans if state.unlearned else ())
        ],
        "wishes": _wishes(state, page, day),
        "visit": {"learns": learns},
    }


def _expected(
    key: str, page: Page, request: Request
) -> tuple[tuple[Claim, ...], dict[str, Any] | None]:
    """What is expected, and how sure that is; nothing where nothing is arranged by it, as where the
    version fails for this person."""
    if page.version is None or _arranged(key, page, State(request.profile)) != "adapted":
        return (), None
    request = replace(request, surface=page_of(page.surface, request.profile.feedback))
    try:
        prediction = page.version.read([request])[0]
    except VersionError:
        return (), None
    sure = claims.sure(request, prediction)
    said = gettext(
        "Visits of yours that count: {visits}, since {date}. What is expected rests on them to "
        "{percent} %, and for the rest on what others use and on pages like this one."
    )
    if not sure.visits:
        said = gettext("No visit of yours counts yet: all this is from others and similar pages.")
    values = {"visits": sure.visits, "percent": sure.own_percent, "date": _date(sure.first_day)}
    body = {"visits": sure.visits, "own_percent": sure.own_percent, "says": said.format(**values)}
    return claims.expected_claims(request, prediction), body


def _arranged(key: str, page: Page, state: State) -> str:
    """adapted, or why this person's page is not arranged by what is known: plain, frozen, default
    (off, dry run or control share)."""
    feedback = state.profile.feedback
    if feedback.plain:
        return "plain"
    if feedback.frozen:
        return "frozen"
    surface = page.surface
    if surface.mode != "live" or page.version is None:
        return "default"
    return "default" if is_control(key, surface.slug, page.control_percent) else "adapted"


def _claim(claim: Claim) -> dict[str, Any]:
    values = {**claim.values, "title": gettext(str(claim.values["title"]))}
    date = _date(claim.last_day) if claim.last_day is not None else ""
    last = None if claim.last_day is None else _day(claim.last_day).isoformat()
    body = {"about": claim.about, "block": claim.block, **values, "last_used": last}
    translated = claims.Claim(claim.about, claim.block, claim.code, values, claim.last_day)
    says = claims.claim_sentence(translated, date, gettext(SENTENCES[claim.code]))
    return {**body, "says": says}


def _struck(state: State, page: Page) -> list[dict[str, str]]:
    """What was struck out on blocks that the page still has."""
    use = gettext("What you use of {title} is not learned.")
    expected = gettext("{title} is not expected of you: it stands by your own use alone.")
    struck = state.unlearned.struck if state.unlearned else []
    unexpected = state.profile.feedback.unexpected
    return [
        {"about": about, "block": block, "title": title, "says": says.format(title=title)}
        for about, blocks, says in (("use", struck, use), ("expected", unexpected, expected))
        for block in blocks
        if block in page.surface.index
        for title in [gettext(page.surface.block(block).title)]
    ]


def _wishes(state: State, page: Page, day: int) -> list[str]:
    """What the person asked for, which decides whatever is known; the page's menu takes it back."""
    titles = {block.id: gettext(block.title) for block in page.surface.blocks}
    feedback = state.profile.feedback
    kept = gettext("You keep {title} in its place.")
    undone = gettext("You took a move of {title} back: it is not made again until {date}.")
    return [
        *(kept.format(title=titles[b]) for b in feedback.pins if b in titles),
        *(
            undone.format(title=titles[u.block], date=_date(u.until_day))
            for u in feedback.undone
            if u.block in titles and u.until_day > day
        ),
    ]


def _day(day: int) -> Any:
    return EPOCH + timedelta(days=day)


def _date(day: int) -> str:
    return str(formats.date_format(_day(day), "DATE_FORMAT"))


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
