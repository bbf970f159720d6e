"""Celery tasks of trials."""

from __future__ import annotations

from celery import shared_task

from webapp.codebooks.pipeline.steps import step_run
from webapp.lib.times import utc_now
from webapp.surfaces.models import Surface
from webapp.trials.jobs import trial_look
from webapp.trials.services import trial_current


@shared_task(name="trials.look")  # type: ignore[untyped-decorator]
def look(surface_id: int) -> int | None:
    """Looks at the surface's trial, starting one if needed; returns the key of the look.

    None where there is no trial, or another worker looked at the same time.
    """
    surface = Surface.objects.filter(pk=surface_id).first()
    if surface is None:
        return None
    trial = trial_current(surface=surface, now=utc_now())
    return trial_look(trial) if trial else None


@shared_task(name="trials.look_all")  # type: ignore[untyped-decorator]
def look_all() -> int:
    """Looks at each surface's trial; returns the number of looks."""
    pks = Surface.objects.values_list("pk", flat=True)
    return sum(look(pk) is not None for pk in pks)


@shared_task(name="trials.begin")  # type: ignore[untyped-decorator]
def begin() -> int:
    """Starts and ends trials whose share or mode has changed; returns the number that run."""
    now, surfaces = utc_now(), Surface.objects.all()
    return sum(trial_current(surface=surface, now=now) is not None for surface in surfaces)


@shared_task(name="trials.rehearse")  # type: ignore[untyped-decorator]
def rehearse(run_id: int) -> None:
    step_run(run_id)
