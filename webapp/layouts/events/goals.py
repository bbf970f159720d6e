"""Events of goals: whether they are declared, and those that come without a decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError

from webapp.layouts.errors.problem import MOST_ERRORS, Problem
from webapp.lib import database
from webapp.subjects.authentication import Identity
from webapp.subjects.erasure import times_erased
from webapp.subjects.event_rows import BatchTarget
from webapp.subjects.events import Arrival, Counted
from webapp.subjects.goals import GOAL, goals_accept, goals_declared
from webapp.subjects.models import Profile, Subject
from webapp.subjects.unlearned import is_without_profiling


def goals_check(slug: str, arrivals: Sequence[Arrival], field: str) -> None:
    """Raises Problem where an event names a goal that the surface does not declare.

    field: the format of an event's path in mistakes.
    """
    named = [(i, a.value["name"]) for i, a in enumerate(arrivals) if a.kind == GOAL]
    if not named:
        return
    declared = goals_declared(slug)
    wrong = [
        _undeclared(slug, name, f"{field.format(i)}name", list(declared))
        for i, name in named
        if name not in declared
    ][:MOST_ERRORS]
    if wrong:
        wrong[0].mistakes = wrong
        raise wrong[0]


def goals_of_batch(
    identity: Identity,
    slug: str,
    target: BatchTarget,
    arrivals: Sequence[Arrival],
    now: datetime,
) -> Counted:
    """Stores the goals among a batch's events, in the transaction that locked its target."""
    return goals_accept(
        profile_id=target.profile_id,
        arrivals=[a for a in arrivals if a.kind == GOAL],
        declared=goals_declared(slug),
        clock_offset=target.clock_offset,
        by_server=bool(identity.server_key),
        now=now,
    )


def goals_of_person(
    *, identity: Identity, slug: str, arrivals: Sequence[Arrival], now: datetime
) -> Counted | None:
    """Stores goals that came without a decision. Raises Problem.

    Returns None if nothing is stored: the person never came to the surface, chose the order without
    profiling, or was erased since the credential was issued.
    """
    goals_check(slug, arrivals, "goals[{}].")
    _refuse_old(arrivals, now)
    return without_deleted_goals(lambda: _keep(identity, slug, arrivals, now))


def without_deleted_goals(keep: Callable[[], Counted | None]) -> Counted | None:
    """Keeps events in a transaction; events of a goal that is deleted meanwhile are ignored.

    A lock on the goal would be one more statement for every batch. PostgreSQL refuses the commit
    instead, and the second time the goal is not declared any more.
    """
    try:
        return keep()
    except IntegrityError:
        return keep()


def _keep(
    identity: Identity, slug: str, arrivals: Sequence[Arrival], now: datetime
) -> Counted | None:
    with database.atomic():
        locked = Subject.objects.select_for_update(no_key=True)
        subject = locked.filter(key=identity.key).first()
        profile = Profile.objects.filter(subject=subject, surface__slug=slug).first()
        if subject is None or profile is None or is_without_profiling(profile.state):
            return None
        if identity.erasures is not None and times_erased(identity.key) > identity.erasures:
            return None
        return goals_accept(
            profile_id=profile.pk,
            arrivals=arrivals,
            declared=goals_declared(slug),
            clock_offset=subject.clock_offset,
            by_server=bool(identity.server_key),
            now=now,
        )


def _undeclared(slug: str, name: str, field: str, declared: list[str]) -> Problem:
    known = f"Send one of: {', '.join(declared)}. Or declare" if declared else "Declare"
    return Problem(
        "goal-not-declared",
        f"{name!r} is no goal of the surface {slug!r}.",
        field=field,
        value=name,
        next_step=f"{known} it for the surface in the admin, under Goals.",
    )


def _refuse_old(arrivals: Sequence[Arrival], now: datetime) -> None:
    oldest = now - timedelta(days=settings.UIENGINE_EVENT_DAYS)
    for number, arrival in enumerate(arrivals):
        if arrival.at < oldest:
            raise Problem(
                "event-too-old",
                f"Events are taken for {settings.UIENGINE_EVENT_DAYS} days.",
                field=f"goals[{number}].at",
                value=arrival.at.isoformat(),
            )
