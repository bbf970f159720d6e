"""Celery's door to the life of a version: a task per step, and the schedules.

Each step takes its run, reads what the steps before left in the artefact storage, and ends in one
transaction with its result and the run of the next step (`pipelines`). Done twice, it does nothing.
"""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from webapp.codebooks.guard import tasks as live_tasks
from webapp.codebooks.models import Run
from webapp.codebooks.pipeline import lease
from webapp.codebooks.pipeline.enqueue import run_enqueue
from webapp.codebooks.pipeline.jobs import _retrain_if_new, step_run
from webapp.codebooks.pipeline.work_folder import work_sweep
from webapp.surfaces.models import Surface

__all__ = ("live_tasks",)  # a worker finds the tasks of this module alone


@shared_task(name="codebooks.collect")  # type: ignore[untyped-decorator]
def collect(run_id: int) -> None:
    step_run(run_id)


@shared_task(name="codebooks.train")  # type: ignore[untyped-decorator]
def train(run_id: int) -> None:
    step_run(run_id)


@shared_task(name="codebooks.export")  # type: ignore[untyped-decorator]
def export(run_id: int) -> None:
    step_run(run_id)


@shared_task(name="codebooks.replay")  # type: ignore[untyped-decorator]
def replay(run_id: int) -> None:
    step_run(run_id)


@shared_task(name="codebooks.gate")  # type: ignore[untyped-decorator]
def gate(run_id: int) -> None:
    step_run(run_id)


@shared_task(name="codebooks.promote")  # type: ignore[untyped-decorator]
def promote(run_id: int) -> None:
    step_run(run_id)


@shared_task(name="codebooks.sweep")  # type: ignore[untyped-decorator]
def sweep() -> int:
    """Asks again for runs whose message or worker was lost."""
    lost = lease.runs_sweep()
    work_sweep()
    for run in Run.objects.filter(pk__in=lost):
        run_enqueue(run)
    return len(lost)


@shared_task(name="codebooks.retrain_all")  # type: ignore[untyped-decorator]
def retrain_all() -> int:
    """A retrain for each surface in use that has new visits since the last one, or whose last one
    was trained with somebody who was erased."""
    today = timezone.now().date()
    in_use = Surface.objects.exclude(mode=Surface.Mode.OFF)
    return sum(_retrain_if_new(surface, today) for surface in in_use)
