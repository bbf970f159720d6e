"""The order of a pipeline's steps, and how it ends, stored in rows.

The next step's run is written in the transaction that ends the previous step; a message is only a
hint. So a dying worker leaves a step undone or done, and never skips one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError
from django.db.models import Q

from webapp.codebooks.gate.outcome import Outcome
from webapp.codebooks.models import CodebookVersion, Pipeline, Run
from webapp.codebooks.pipeline.enqueue import LEASE, run_enqueue
from webapp.codebooks.pipeline.kept_visits import is_dropped
from webapp.lib import database
from webapp.lib.times import utc_now
from webapp.surfaces.models import Surface

_JUDGED = (Run.Kind.REPLAY, Run.Kind.AUDIT, Run.Kind.GATE)
_MADE = (Run.Kind.COLLECT, Run.Kind.TRAIN, Run.Kind.EXPORT, *_JUDGED, Run.Kind.PROMOTE)
STEPS: dict[str, tuple[Run.Kind, ...]] = {
    Pipeline.Kind.RETRAIN: _MADE,
    Pipeline.Kind.REFRESH: _MADE,
    Pipeline.Kind.JUDGE: (Run.Kind.COLLECT, *_JUDGED),
}
JUDGED = Outcome("Judged.")
"""The outcome of a pipeline that completed all steps."""
HERE = "in_process"
"""Option: a command runs the steps itself; workers take over only if it dies."""


@database.atomic
def pipeline_request(
    *,
    kind: str,
    surface: Surface,
    key: str = "",
    version: CodebookVersion | None = None,
    options: Mapping[str, Any] | None = None,
    by: str = "",
) -> tuple[Pipeline, bool]:
    """Creates a pipeline, or finds the one of the key or the running one: a surface has one at a
    time. Returns it, and True if it is new.
    """
    key = key or f"{kind}:{surface.slug}:{secrets.token_hex(8)}"
    try:
        with database.atomic():
            pipeline = Pipeline.objects.create(
                kind=kind,
                surface=surface,
                version=version,
                key=key,
                options=dict(options or {}),
                asked_by=by,
            )
            _step_add(pipeline, STEPS[kind][0])
        return pipeline, True
    except IntegrityError:
        same = Q(key=key) | Q(surface=surface, state=Pipeline.State.RUNNING)
        known = Pipeline.objects.filter(same).order_by("-pk").first()
        if known is None:  # the running pipeline ended between the two queries
            return pipeline_request(
                kind=kind, surface=surface, key=key, version=version, options=options, by=by
            )
        return known, False


def run_done(
    run: Run,
    result: Mapping[str, Any],
    version: CodebookVersion | None,
    outcome: Outcome | None = None,
) -> None:
    """Writes the next step's run, or ends the pipeline with `outcome` or after its last step.

    Must be called in the transaction that ends the run.
    """
    if run.pipeline is None:
        if run.kind == Run.Kind.AUDIT:
            _refresh_if_exceeds(run.surface, result, champion_only=True)
        return
    pipeline = Pipeline.objects.select_for_update().get(pk=run.pipeline.pk)
    pipeline.version = version or pipeline.version
    pipeline.result = {**pipeline.result, run.kind: dict(result)}
    pipeline.save(update_fields=("version", "result"))
    if version:  # earlier steps get it too: training marks refer to the run that collected
        pipeline.runs.filter(version=None).update(version=version)
    steps = STEPS[pipeline.kind]
    rest = steps[steps.index(Run.Kind(run.kind)) + 1 :]
    if outcome or not rest:
        outcome = outcome or JUDGED
        ended = Pipeline.State.HELD if outcome.is_held else Pipeline.State.DONE
        pipeline_end(pipeline, ended, outcome.words)
    else:
        _step_add(pipeline, rest[0])


def run_failed(run: Run, error: str) -> None:
    """Ends the pipeline of a failed step; `pipeline_resume` goes on from that step."""
    if run.pipeline is not None:
        pipeline_end(run.pipeline, Pipeline.State.FAILED, f"{run.kind} failed: {error}")


def pipeline_end(pipeline: Pipeline, state: str, outcome: str) -> None:
    pipeline.state, pipeline.outcome = state, outcome
    pipeline.finished_at = utc_now()
    pipeline.save(update_fields=("state", "outcome", "finished_at"))
    if pipeline.kind != Pipeline.Kind.REFRESH and state != Pipeline.State.FAILED:
        _refresh_if_exceeds(pipeline.surface, pipeline.result.get(Run.Kind.AUDIT, {}))


@database.atomic
def pipeline_resume(pipeline: Pipeline) -> Pipeline | None:
    """Resumes at the failed step, or in a new pipeline if its collected visits were deleted.

    Returns None if another pipeline is running.
    """
    if Pipeline.objects.filter(surface=pipeline.surface, state=Pipeline.State.RUNNING).exists():
        return None
    pipeline = Pipeline.objects.select_for_update().get(pk=pipeline.pk)
    run = pipeline.runs.filter(state=Run.State.FAILED).latest("pk")
    if is_dropped(pipeline, run):
        return _begun_anew(pipeline)
    pipeline.state, pipeline.outcome, pipeline.finished_at = Pipeline.State.RUNNING, "", None
    pipeline.save(update_fields=("state", "outcome", "finished_at"))
    run.state, run.attempts, run.error = Run.State.QUEUED, 0, ""
    run.finished_at, run.lease_until = None, utc_now()
    run.save()
    run_enqueue(run)
    return pipeline


def _begun_anew(pipeline: Pipeline) -> Pipeline | None:
    line, is_new = pipeline_request(
        kind=pipeline.kind,
        surface=pipeline.surface,
        version=pipeline.version if pipeline.kind == Pipeline.Kind.JUDGE else None,
        options=pipeline.options,
        by=pipeline.asked_by,
    )
    return line if is_new else None


def pipelines_sweep() -> None:
    """Ends pipelines whose step failed after too many deaths of workers."""
    for run in Run.objects.filter(
        pipeline__state=Pipeline.State.RUNNING, state=Run.State.FAILED
    ).select_related("pipeline"):
        run_failed(run, run.error)


def _step_add(pipeline: Pipeline, kind: Run.Kind) -> Run:
    run = Run.objects.create(
        pipeline=pipeline,
        kind=kind,
        surface=pipeline.surface,
        version=pipeline.version,
        key=f"pipeline:{pipeline.pk}:{kind}",
        options=pipeline.options,
        asked_by=pipeline.asked_by,
        lease_until=utc_now() + LEASE,
    )
    if not pipeline.options.get(HERE):
        run_enqueue(run)
    return run


def _refresh_if_exceeds(
    surface: Surface, audit: Mapping[str, Any], champion_only: bool = False
) -> None:
    """Requests a refresh after an audit that exceeds; the refresh has its own audit."""
    if audit.get("verdict") != "exceeds":
        return
    champion = surface.aliases.filter(name="champion").select_related("version").first()
    if champion is None or (champion_only and champion.version.name != audit.get("version")):
        return
    pipeline_request(
        kind=Pipeline.Kind.REFRESH,
        surface=surface,
        key=f"refresh:after-audit:{audit['report']}",
        by=f"audit {audit['report']}",
    )
