"""Celery's door to looking at trials."""

from __future__ import annotations

from celery import shared_task
from django.db import IntegrityError, transaction
from django.utils import timezone

from webapp.surfaces import mappers
from webapp.surfaces.models import Surface
from webapp.trials.models import Trial, TrialLook
from webapp.trials.services import trial_current, trial_visits


@shared_task(name="trials.look")  # type: ignore[untyped-decorator]
def look(surface_id: int) -> int | None:
    """Looks at the surface's trial, or begins one; returns the look's row."""
    surface = Surface.objects.filter(pk=surface_id).first()
    if surface is None:
        return None
    trial = trial_current(surface=surface, now=timezone.now())
    return _look(trial) if trial else None


@shared_task(name="trials.look_all")  # type: ignore[untyped-decorator]
def look_all() -> int:
    """A look at each surface's trial; returns how many there are."""
    pks = Surface.objects.values_list("pk", flat=True)
    return sum(look(pk) is not None for pk in pks)


@shared_task(name="trials.begin")  # type: ignore[untyped-decorator]
def begin() -> int:
    """Sees what share or mode has changed; returns how many trials are under way."""
    now, surfaces = timezone.now(), Surface.objects.all()
    return sum(trial_current(surface=surface, now=now) is not None for surface in surfaces)


def _look(trial: Trial) -> int | None:
    from ml.evaluation.trial import TrialVisit, compare

    number = trial.looks.count() + 1
    visits = [TrialVisit(**fields) for fields in trial_visits(trial)]
    page = mappers.to_surface(trial.surface)
    figures = compare(visits, page, percent=trial.percent, look=number)
    columns = {"at": timezone.now(), "verdict": figures["verdict"], "figures": figures}
    try:
        with transaction.atomic():
            return TrialLook.objects.create(trial=trial, number=number, **columns).pk
    except IntegrityError:  # another worker looked at the same time
        return None
