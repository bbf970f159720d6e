"""From a checked request to events on disk: whose they are, and whether the decision is ours."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from webapp.codebooks.serving import serving
from webapp.subjects import backlog, decisions
from webapp.subjects.authentication import Identity
from webapp.subjects.decisions import Served
from webapp.subjects.erasure import times_erased
from webapp.subjects.events import Arrival, Counted, events_accept
from webapp.surfaces.models import Surface

from .problems import Problem

MOVING = ("pin", "move")
"""What a user asks for that gives a block a place."""


def backlog_refuse() -> None:
    """Raises Problem while too many events wait for a worker."""
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
    """Keeps the events; None where nothing is kept: they are of nobody, or of a decision that was
    made before its subject was erased. Raises Problem.

    field: how a mistake names the event it is in.
    """
    served = _served(decision)
    _check(served, arrivals, now, field)
    if not served.subject:
        return None
    key = _owner(identity, served)
    if key is None:
        return None
    surface = Surface.objects.filter(slug=served.surface).only("slug").first()
    if surface is None:
        raise Problem(
            "decision-of-no-surface",
            f"There is no surface {served.surface!r} any more.",
            field="decision",
            value=served.surface,
        )
    user_id = identity.user_id if identity else None
    with transaction.atomic():
        counted = events_accept(
            key=key, user_id=user_id, served=served, surface=surface, arrivals=arrivals, now=now
        )
        if _owner(identity, served) is None:  # erased since it was asked above; locked by now
            transaction.set_rollback(True)
            return None
    return counted


def _served(text: str) -> Served:
    try:
        return decisions.read(text)
    except decisions.UnreadableDecision as error:
        raise Problem(
            "decision-not-ours",
            str(error),
            field="decision",
            value=text,
        ) from error


def _owner(identity: Identity | None, served: Served) -> str | None:
    """The key of the subject the decision was made for, if the caller may speak for it; None where
    what was kept of the caller has been erased since: the decision is void."""
    if identity is None:
        raise Problem(
            "nobody-signed-in",
            "The decision was made for someone, and this request is nobody's.",
            field="decision",
            value=served.visit,
        )
    mine = {key: times_erased(key) for key in (identity.key, identity.visitor) if key}
    if any(served.subject in decisions.subject_hashes(*of) for of in mine.items()):
        return identity.key
    before = [(key, t) for key, times in mine.items() for t in range(times)]
    if any(served.subject in decisions.subject_hashes(*of) for of in before):
        return None
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
    known, held = set(served.order), _held_by_team(served.surface)
    oldest = now - timedelta(days=settings.UIENGINE_EVENT_DAYS)
    for i, arrival in enumerate(arrivals):
        where = field.format(i)
        if arrival.block and arrival.block not in known:
            raise Problem(
                "block-not-on-page",
                f"{arrival.block!r} is not a block of the layout that the decision names.",
                field=f"{where}block",
                value=arrival.block,
            )
        if arrival.block in held and arrival.kind in MOVING:
            raise Problem(
                "block-held-by-team",
                f"{arrival.block!r} is pinned by the team, so a user cannot {arrival.kind} it.",
                field=f"{where}block",
                value=arrival.block,
            )
        if arrival.at < oldest:
            raise Problem(
                "event-too-old",
                f"Events are taken for {settings.UIENGINE_EVENT_DAYS} days.",
                field=f"{where}at",
                value=arrival.at.isoformat(),
            )
