"""Stores the events of a checked request, after checking their subject and decision."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings

from uiengine.put_away import may_leave
from webapp.layouts.answer.token import served_of
from webapp.layouts.errors.problem import MOST_ERRORS, Problem
from webapp.layouts.events.goals import goals_check, goals_of_batch, without_deleted_goals
from webapp.lib import database
from webapp.serving.pages import serving
from webapp.subjects import backlog, decisions, keys
from webapp.subjects.authentication import Identity
from webapp.subjects.byte_tokens import SHAPE as BYTE_TOKEN
from webapp.subjects.decisions import Served
from webapp.subjects.erasure import times_erased
from webapp.subjects.event_rows import BatchTarget, target_find
from webapp.subjects.events import Arrival, Counted, events_accept, target_make
from webapp.subjects.goals import GOAL
from webapp.subjects.visit_wishes import FEEDBACK, PUT_AWAY
from webapp.surfaces.models import Surface

MOVING = ("pin", "move")
"""Wishes that give a block a target position."""
LEAVING = ("fold", "put_away")
"""Wishes that show less of a block."""


def backlog_refuse() -> None:
    """Raises Problem while more events wait for a worker than the backlog allows."""
    if backlog.is_full():
        raise Problem(
            "backlog-full",
            f"More than {settings.UIENGINE_BACKLOG} events wait to be counted.",
            field="events",
            value=settings.UIENGINE_BACKLOG,
            wait=backlog.WAIT,
        )


def batch_accept(
    *,
    identity: Identity | None,
    decision: str,
    arrivals: Sequence[Arrival],
    now: datetime,
    field: str = "events[{}].",
) -> Counted | None:
    """Stores the events. Raises Problem.

    Returns None if nothing is stored: the decision has no subject, or was made before its subject
    was erased, or is of a subject without profiling and no event is a wish. field: the format of
    an event's path in mistakes.
    """
    served = decision_read(decision)
    _check(served, arrivals, now, field)
    if not served.subject:
        return None
    if identity is None:
        raise Problem(
            "nobody-signed-in",
            "The decision was made for someone, and this request is nobody's.",
            field="decision",
            value=served.visit,
        )
    if not (kept := _kept(served, arrivals)):
        return None
    return without_deleted_goals(lambda: _store(identity, served, kept, now))


def _store(
    identity: Identity, served: Served, arrivals: Sequence[Arrival], now: datetime
) -> Counted | None:
    """Finds the rows that the events belong to, or makes them, and stores the events."""
    key, visitor = identity.key, identity.visitor
    with database.atomic():
        target = target_find(key=key, visitor=visitor, slug=served.surface, digest=served.digest)
        if target is not None:
            return _keep(identity, served, target, arrivals, now)
    times = {name: times_erased(name) for name in (key, visitor)}
    if _is_void(identity, served, times):
        return None
    surface = _surface(served.surface)
    user_id = identity.user_id
    with database.atomic():
        target = target_make(
            key=key, user_id=user_id, visitor=visitor, served=served, surface=surface
        )
        return _keep(identity, served, target, arrivals, now)


def _kept(served: Served, arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
    """The events to store: only wishes of somebody who chose the order without profiling."""
    return [a for a in arrivals if a.kind in FEEDBACK] if served.status == "plain" else arrivals


def _keep(
    identity: Identity,
    served: Served,
    target: BatchTarget,
    arrivals: Sequence[Arrival],
    now: datetime,
) -> Counted | None:
    """Finishes the transaction that locked the target."""
    if _is_void(identity, served, target.times_erased):
        database.set_rollback(True)
        return None
    others = [a for a in arrivals if a.kind != GOAL]
    key = identity.key
    done = events_accept(key=key, target=target, served=served, arrivals=others, now=now)
    if len(others) == len(arrivals):
        return done
    reached = goals_of_batch(identity, served.surface, target, arrivals, now)
    return Counted(reached.accepted + done.accepted, reached.duplicate + done.duplicate)


def _surface(slug: str) -> Surface:
    surface = Surface.objects.filter(slug=slug).only("slug").first()
    if surface is None:
        raise Problem(
            "decision-of-no-surface",
            f"There is no surface {slug!r} any more.",
            field="decision",
            value=slug,
        )
    return surface


def decision_read(text: str) -> Served:
    """Returns a decision's content. Raises Problem if it is not signed by this server."""
    try:
        if not BYTE_TOKEN.fullmatch(text):
            return decisions.read(text)
        served = served_of(text)
        if served is None:
            raise Problem(
                "book-gone",
                "The book of this byte is kept no longer.",
                field="decision",
                value=text,
            )
        return served
    except decisions.UnreadableDecision as error:
        raise Problem(
            "decision-not-ours",
            str(error),
            field="decision",
            value=text,
        ) from error


def _is_void(identity: Identity, served: Served, times_erased: Mapping[str, int]) -> bool:
    """Returns True if the caller was erased after the decision was made.

    True too if the caller's credential was issued before an erasure, or the account of the erased
    key is gone. Raises Problem if the decision was made for a subject that the caller may not speak
    for.
    """
    times = times_erased[identity.key]
    if identity.erasures is not None and times > identity.erasures:
        return True
    if times and keys.account_is_gone(identity.key):
        return True
    mine = {key: times_erased[key] for key in (identity.key, identity.visitor) if key}
    if any(served.subject in decisions.subject_hashes(*of) for of in mine.items()):
        return False
    before = [(key, t) for key, most in mine.items() for t in range(most)]
    if any(served.subject in decisions.subject_hashes(*of) for of in before):
        return True
    raise Problem(
        "decision-of-someone-else",
        "It was made for another subject than the one this request speaks for.",
        field="decision",
        value=served.visit,
    )


def _held_by_team(slug: str) -> Collection[str]:
    page = serving.page(slug)
    return page.surface.pinned_ranks if page else ()


def _check(served: Served, arrivals: Sequence[Arrival], now: datetime, field: str) -> None:
    if any(arrival.kind == GOAL for arrival in arrivals):
        goals_check(served.surface, arrivals, field)
    known, held = _known(served), _held_by_team(served.surface)
    for i, arrival in enumerate(arrivals):
        if arrival.kind in PUT_AWAY:
            _check_leaving(served, arrival, field.format(i))
        if arrival.kind == "resize" and arrival.block in held:
            raise _held(arrival, field.format(i))
    oldest = now - timedelta(days=settings.UIENGINE_EVENT_DAYS)
    wrong = [
        (i, arrival)
        for i, arrival in enumerate(arrivals)
        if (arrival.block and arrival.block not in known)
        or (arrival.block in held and arrival.kind in MOVING)
        or arrival.at < oldest
    ]
    if wrong:
        mistakes = [_mistake(a, field.format(i), known, held) for i, a in wrong[:MOST_ERRORS]]
        mistakes[0].mistakes = mistakes
        raise mistakes[0]


def _known(served: Served) -> Collection[str]:
    """The blocks of the page: those shown, and those that may be in the tray."""
    page = serving.page(served.surface)
    may_hide = page is not None and page.surface.guardrails.put_away
    return {*served.order, *page.surface.index} if page and may_hide else set(served.order)


def _check_leaving(served: Served, arrival: Arrival, where: str) -> None:
    """Raises Problem where the block must stay, or the page lets nothing be put away."""
    page, block = serving.page(served.surface), arrival.block
    if page is None:
        return
    surface = page.surface
    if not surface.guardrails.put_away or surface.mode != "live":
        raise Problem(
            "put-away-not-allowed",
            f"On {surface.slug!r} nothing can be folded or put away.",
            field=f"{where}type",
            value=arrival.kind,
        )
    if block not in surface.index:
        raise Problem(
            "block-not-on-page",
            f"{block!r} is not a block of {surface.slug!r}.",
            field=f"{where}block",
            value=block,
        )
    is_last = arrival.kind == "put_away" and served.order == (block,)
    if arrival.kind in LEAVING and (is_last or not may_leave(surface.block(block))):
        raise Problem(
            "block-must-stay",
            f"{block!r} must stay on the page: it is "
            f"{'the last one' if is_last else 'required or pinned by the team'}.",
            field=f"{where}block",
            value=block,
        )


def _mistake(
    arrival: Arrival, where: str, known: Collection[str], held: Collection[str]
) -> Problem:
    """The first mistake of an event that `_check` found."""
    if arrival.block and arrival.block not in known:
        return Problem(
            "block-not-on-page",
            f"{arrival.block!r} is not a block of the layout that the decision names.",
            field=f"{where}block",
            value=arrival.block,
        )
    if arrival.block in held and arrival.kind in MOVING:
        return _held(arrival, where)
    return Problem(
        "event-too-old",
        f"Events are taken for {settings.UIENGINE_EVENT_DAYS} days.",
        field=f"{where}at",
        value=arrival.at.isoformat(),
    )


def _held(arrival: Arrival, where: str) -> Problem:
    return Problem(
        "block-held-by-team",
        f"{arrival.block!r} is pinned by the team, so a user cannot {arrival.kind} it.",
        field=f"{where}block",
        value=arrival.block,
    )
