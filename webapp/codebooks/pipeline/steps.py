"""Maps step kinds to functions and runs them.

Apps register their steps when Django starts (`apps.ready`), so the pipeline imports no audit.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

from webapp.codebooks.models import Pipeline, Run
from webapp.codebooks.pipeline import order
from webapp.codebooks.pipeline.enqueue import ACTIVE
from webapp.codebooks.pipeline.kept_visits import runs_sweep, snapshot_folder
from webapp.codebooks.pipeline.lease import Lease, run_with_lease
from webapp.codebooks.pipeline.work_folder import work_folder, work_sweep
from webapp.lib import stored_files
from webapp.lib.progress import Progress

Work = Callable[[Lease], None]
"""Carries out a step and ends it with `lease.finish`."""
STEPS: dict[str, Work] = {}


def register(kind: Run.Kind, work: Work) -> None:
    STEPS[kind] = work


def step_run(run_id: int, watch: Progress | None = None) -> Run | None:
    """Carries out one step; None if another worker has it, or it is done."""
    work_sweep()
    try:
        done = run_with_lease(run_id=run_id, work=_work, watch=watch)
    except Exception:
        work_sweep()
        runs_sweep()
        raise
    if done is not None:
        shutil.rmtree(work_folder(done), ignore_errors=True)
        if done.pipeline and done.pipeline.state in (Pipeline.State.DONE, Pipeline.State.HELD):
            stored_files.clear(snapshot_folder(done.pipeline))
        runs_sweep()
    return done


def pipeline_carry_out(pipeline: Pipeline, watch: Progress | None = None) -> Pipeline:
    """Carries out all steps of a pipeline in this process."""
    while run := pipeline.runs.filter(state__in=ACTIVE).order_by("pk").first():
        if step_run(run.pk, watch and _of_all(pipeline, run, watch)) is None:
            break  # another worker has it
    return Pipeline.objects.get(pk=pipeline.pk)


def _of_all(pipeline: Pipeline, run: Run, watch: Progress) -> Progress:
    """The progress of one step as that of all, so that it never goes back."""
    kinds = order.STEPS[pipeline.kind]
    number = kinds.index(Run.Kind(run.kind))
    return lambda share, doing: watch((number + share) / len(kinds), f"{run.kind}: {doing}")


def _work(lease: Lease) -> None:
    STEPS[lease.run.kind](lease)
