"""Folds a person's stored visits anew, after some of what they did was taken out.

A page keeps what a person knows in place, so what was struck out would live on in the order that
it led to. The layouts of past visits are therefore decided again, as of somebody who never did it;
what the person set by hand stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings

from uiengine import engine
from uiengine.behaviour.profile import UNDO_DAYS, Feedback, Profile, Sizes, fold_visit
from uiengine.book.choice import choose_byte
from uiengine.errors import VersionError
from uiengine.put_away import page_of
from uiengine.request import Request
from webapp.lib.times import to_milliseconds
from webapp.serving.books import books
from webapp.serving.pages import Page, serving
from webapp.subjects.decisions import is_control
from webapp.subjects.models import Profile as ProfileRow
from webapp.subjects.models import Visit

MOST_DECIDED = 100
"""Latest visits whose layouts are decided again; earlier ones keep the order that they showed."""


def refolded(row: ProfileRow, profile: Profile, *, decides: bool) -> Profile:
    """Folds the row's closed visits into an empty profile with the person's feedback.

    decides: False where all that was shown holds, as nothing was struck out before it.
    """
    closed = Visit.objects.filter(profile=row, is_closed=True).select_related("decision")
    visits = list(closed.order_by("started_at", "pk"))
    page = _page(row, visits) if decides else None
    wishes, last_event = profile.feedback, profile.last_event
    for number, visit in enumerate(visits):
        order: Sequence[str] = visit.order
        sizes = (visit.decision.sizes if visit.decision else None) or {}
        if page is not None and len(visits) - number <= MOST_DECIDED and _is_decided(visit):
            profile.feedback = _wishes_then(wishes, visit)
            order, sizes = _decided(page, visit, profile) or (order, sizes)
        fold_visit(profile, visit.day, visit.uses, order, sizes)
    profile.feedback, profile.last_event = wishes, last_event
    return profile


def _page(row: ProfileRow, visits: Sequence[Visit]) -> Page | None:
    """The page that decides for this person; None for one whom nothing is decided for."""
    page = serving.page(row.surface.slug)
    if page is None or not visits:
        return None
    page = page.serving(row.subject.key, to_milliseconds(visits[-1].started_at))
    is_out = is_control(row.subject.key, page.surface.slug, page.control_percent)
    return None if page.version is None or is_out else page


def _is_decided(visit: Visit) -> bool:
    """True if the engine or a book chose what the visit showed, and nobody changed it by hand.

    Of a visit whose decision was deleted it is assumed.
    """
    decision = visit.decision
    if decision is None:
        return bool(visit.order)
    return decision.status == "adapted" and decision.order == visit.order


def _wishes_then(wishes: Feedback, visit: Visit) -> Feedback:
    """The present pins and tray that the visit's page kept, and moves taken back before it."""
    order, day = visit.order, visit.day
    pins = {b: pin for b, pin in wishes.pins.items() if order[pin.rank : pin.rank + 1] == [b]}
    undone = tuple(u for u in wishes.undone if u.until_day - UNDO_DAYS < day < u.until_day)
    tray = {b: rank for b, rank in wishes.tray.items() if b not in order}
    kept = {b: day for b, day in wishes.kept_sizes.items() if day - UNDO_DAYS < visit.day < day}
    return Feedback(
        pins=pins,
        undone=undone,
        own_sizes=wishes.own_sizes,
        kept_sizes=kept,
        folded=wishes.folded,
        tray=tray,
        unexpected=wishes.unexpected,
    )


def _decided(page: Page, visit: Visit, profile: Profile) -> tuple[Sequence[str], Sizes] | None:
    """The layout of the visit, anew; None where the version fails for this person."""
    version, decision = page.version, visit.decision
    assert version is not None
    request = Request(
        surface=page_of(page.surface, profile.feedback),
        profile=replace(profile, open=None),
        popularity=serving.popularity(page, visit.day),
        day=visit.day,
        visit=visit.visit,
        budget=(decision.budget if decision else 0) or settings.UIENGINE_BUDGET,
        seed=int(visit.visit[:8], 16),
    )
    book = books.named(decision.book) if decision and decision.book else None
    try:
        if book is not None and book.revision == page.surface.revision:
            return choose_byte(request, version.read([request])[0], book.of(page.surface)).order, {}
        layout = engine.decide(request, version).layout
    except VersionError:
        return None
    return layout.order, layout.sizes
