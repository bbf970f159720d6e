"""Starts and ends trials, and reads the visits for a look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q

from webapp.codebooks.pipeline.stored_visits import NOBODY
from webapp.lib import database
from webapp.subjects.decisions import is_control
from webapp.subjects.models import Event, Subject, Visit
from webapp.surfaces.models import Surface
from webapp.trials.goals.holding import goals_free, goals_hold
from webapp.trials.models import Trial


@database.atomic
def trial_current(*, surface: Surface, now: datetime) -> Trial | None:
    """Returns the current trial; None without a control share or where the surface does not adapt.

    A trial whose share or mode has changed ends without another look, since later visits belong
    to no such comparison; the next trial begins now.
    """
    Surface.objects.select_for_update().get(pk=surface.pk)
    wanted = surface.control_percent if surface.mode == Surface.Mode.LIVE else 0
    present = Trial.objects.filter(surface=surface, ended_at=None).first()
    if present is not None and present.percent == wanted:
        return present
    if present is not None:
        _end(present, now)
    if not wanted:
        return None
    goals = goals_hold(surface, now)
    return Trial.objects.create(surface=surface, percent=wanted, started_at=now, goals=goals)


@database.atomic
def trial_renew(*, trial: Trial, now: datetime) -> Trial:
    """Ends the trial under way and begins the next with the goals declared by now.

    Raises ValueError where it has ended, or the surface would begin none.
    """
    surface = Surface.objects.select_for_update().get(pk=trial.surface_id)
    present = Trial.objects.filter(pk=trial.pk, ended_at=None).first()
    if present is None:
        raise ValueError(f"{trial} has ended. Open the surface's latest trial.")
    if surface.mode != Surface.Mode.LIVE or not surface.control_percent:
        raise ValueError(
            f"surface: {surface.slug} is {surface.get_mode_display().lower()} with "
            f"{surface.control_percent} % control. Set it live with a control percent first."
        )
    _end(present, now)
    following = trial_current(surface=surface, now=now)
    assert following is not None, "live, with a control share"
    return following


def _end(trial: Trial, now: datetime) -> None:
    Trial.objects.filter(pk=trial.pk).update(ended_at=now)
    goals_free(trial.surface)


def trial_visits(trial: Trial) -> Iterator[dict[str, Any]]:
    """Yields fields of `ml.evaluation.trial.TrialVisit`, in time order per subject.

    Covers closed visits in which a layout was shown. Those before the trial do not count; they
    tell what a subject already knew.
    """
    surface = trial.surface
    timings = _timings(trial)
    visits = Visit.objects.filter(profile__surface=surface, is_closed=True).exclude(order=[])
    visits = visits.exclude(profile__subject__source=Subject.Source.SIMULATED)
    for start in NOBODY:
        visits = visits.exclude(profile__subject__key__startswith=start)
    columns = visits.order_by("profile_id", "started_at", "pk").values_list(
        "profile__subject__key", "profile_id", "visit", "started_at", "order", "uses"
    )
    for key, profile, visit, at, order, uses in columns.iterator(chunk_size=5000):
        shown, used, undos = timings.get((profile, visit), (None, None, 0))
        first = max((used - shown).total_seconds(), 0.0) if shown and used else None
        yield {
            "user": key,
            "is_control": is_control(key, surface.slug, trial.percent),
            "at": at,
            "order": tuple(order),
            "uses": uses,
            "undos": undos,
            "first_use": first,
            "counts": at >= trial.started_at,
        }


def _timings(trial: Trial) -> dict[tuple[int, str], tuple[datetime | None, datetime | None, int]]:
    """Returns the first impression, the first use and the number of undos, by profile and visit."""
    kind = Event.Kind
    rows = (
        Event.objects.filter(profile__surface=trial.surface, happened_at__gte=trial.started_at)
        .values("profile_id", "visit")
        .annotate(
            shown=Min("happened_at", filter=Q(kind=kind.IMPRESSION)),
            used=Min("happened_at", filter=Q(kind=kind.USE)),
            undos=Count("pk", filter=Q(kind=kind.UNDO)),
        )
    )
    return {(r["profile_id"], r["visit"]): (r["shown"], r["used"], r["undos"]) for r in rows}
