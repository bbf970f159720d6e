"""Celery tasks for a version's life: one per step, and the scheduled ones.

Each step takes its run, reads the files of earlier steps from the artefact storage, and ends in
one transaction with its result and the next step's run (`pipeline/order`). A repeated task does
nothing.
"""

from __future__ import annotations

from celery import shared_task

from webapp.codebooks import books, weights
from webapp.codebooks.guard import jobs as guard_jobs
from webapp.codebooks.models import Run
from webapp.codebooks.pipeline import lease
from webapp.codebooks.pipeline.enqueue import run_enqueue
from webapp.codebooks.pipeline.nightly import retrain_if_new
from webapp.codebooks.pipeline.parts.together import parts_sweep
from webapp.codebooks.pipeline.parts.work import part_run
from webapp.codebooks.pipeline.steps import step_run
from webapp.codebooks.pipeline.work_folder import work_sweep
from webapp.lib.times import utc_now
from webapp.surfaces.models import Surface


@shared_task(name="codebooks.collect")  # type: ignore[untyped-decorator]
def collect(run_id: int) -> None:
    step_run(run_id)


@shared_task(name="codebooks.part")  # type: ignore[untyped-decorator]
def part(run_id: int, work: str) -> None:
    """Does a part of a running step that nobody has; see `pipeline/parts`."""
    part_run(run_id, work)


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
    """Enqueues runs again whose message or worker was lost, and asks for help with parts."""
    lost = lease.runs_sweep()
    work_sweep()
    parts_sweep()
    for run in Run.objects.filter(pk__in=lost):
        run_enqueue(run)
    return len(lost)


@shared_task(name="codebooks.retrain_all")  # type: ignore[untyped-decorator]
def retrain_all() -> int:
    """Requests retrains of surfaces in use with new visits or an erased training subject."""
    today = utc_now().date()
    in_use = Surface.objects.exclude(mode=Surface.Mode.OFF)
    return sum(retrain_if_new(surface, today) for surface in in_use)


@shared_task(name="codebooks.guard")  # type: ignore[untyped-decorator]
def guard_all() -> int:
    """Closes due windows of live versions; returns how many versions it rolled back."""
    return guard_jobs.guard_all()


@shared_task(name="codebooks.shadow")  # type: ignore[untyped-decorator]
def shadow_all() -> int:
    """Compares challengers with their champions; returns how many comparisons there were."""
    return guard_jobs.shadow_all()


@shared_task(name="codebooks.book")  # type: ignore[untyped-decorator]
def book(surface_id: int) -> bool:
    """Makes one surface's book of today; False where it has none."""
    surface = Surface.objects.filter(pk=surface_id).first()
    return surface is not None and books.book_make(surface=surface, now=utc_now()) is not None


@shared_task(name="codebooks.books")  # type: ignore[untyped-decorator]
def books_all() -> int:
    """Makes the books that today lacks: of a new day, a promotion, a rollback or an edit; and works
    out what decides on their pages."""
    now = utc_now()
    made = books.books_make(now=now)
    weights.weights_make(now=now)
    return made
