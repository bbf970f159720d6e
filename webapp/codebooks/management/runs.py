"""Parts of several commands: find a row by name, carry out a run, fail with a next step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import CommandError

from webapp.codebooks.gate.clearance import blockers
from webapp.codebooks.gate.rollout import rollout_of
from webapp.codebooks.models import CodebookVersion, Pipeline, Run
from webapp.codebooks.pipeline.enqueue import ACTIVE
from webapp.codebooks.pipeline.lease import run_request
from webapp.codebooks.pipeline.order import HERE, pipeline_request
from webapp.lib.times import utc_now
from webapp.surfaces.models import Surface


def refuse_where_two_decide(surface: Surface) -> None:
    """Refuses a step by which a version serves: a shell knows no two people apart."""
    if rollout_of(surface).needs_two:
        raise CommandError(
            f"surface: {surface.slug} needs two people with accounts. Promote the version, or set "
            "the canary, in the admin."
        )


def surface_named(slug: str) -> Surface:
    row = Surface.objects.filter(slug=slug).first()
    if row is None:
        known = ", ".join(Surface.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"surface: {slug!r} is unknown. There are: {known}.")
    return row


def version_named(name: str) -> CodebookVersion:
    """Finds a version by its name, or by a prefix that only one version has."""
    rows = CodebookVersion.objects.filter(name__startswith=name)
    exact = rows.filter(name=name).first()
    if exact is not None:
        return exact
    if rows.count() != 1:
        known = ", ".join(CodebookVersion.objects.values_list("name", flat=True)[:20]) or "none yet"
        problem = "is unknown" if not rows else "is the start of several"
        raise CommandError(f"version: {name!r} {problem}. There are: {known}.")
    return rows.get()


def carried_out(
    kind: Run.Kind,
    surface: Surface,
    work: Callable[[int], Run | None],
    *,
    version: CodebookVersion | None = None,
    options: Mapping[str, Any] | None = None,
) -> Run:
    """A new run, done. Another one under way, and a failure, are errors."""
    run, is_new = run_request(
        kind=kind, surface=surface, version=version, options=options, by="command line"
    )
    if not is_new and not _may_take(run, version):
        raise CommandError(
            f"surface: {surface.slug} has a {kind} under way (run {run.pk}, {run.state}, "
            f"{run.progress:.0%} {run.doing}). Wait for it; if its worker died, it is taken over "
            "within minutes."
        )
    done = work(run.pk)
    if done is None:
        raise CommandError(f"run {run.pk} was taken by another worker. See it in the admin.")
    if done.state != Run.State.DONE:
        raise CommandError(done.error)
    return done


def pipeline_done(
    kind: Pipeline.Kind,
    surface: Surface,
    work: Callable[[Pipeline], Pipeline],
    *,
    version: CodebookVersion | None = None,
    options: Mapping[str, Any] | None = None,
) -> Pipeline:
    """A new pipeline, or the same one whose process died, carried out in this process.

    Another one under way, and a failure, are errors.
    """
    wanted = {**(options or {}), HERE: True}
    line, is_new = pipeline_request(
        kind=kind, surface=surface, version=version, options=wanted, by="command line"
    )
    is_same = line.kind == kind and version in (None, line.version)
    if not is_new and not (is_same and line.options == wanted and _is_left(line)):
        raise CommandError(
            f"surface: {surface.slug} has a {line.kind} under way (pipeline {line.pk}, asked for "
            f"by {line.asked_by}). Two at once are refused: wait for it, see it in the admin. If "
            "its worker died, another takes over within minutes; if it was a command and no worker "
            "runs, the same command goes on with it after two minutes."
        )
    done = work(line)
    if done.state not in (Pipeline.State.DONE, Pipeline.State.HELD):
        raise CommandError(done.outcome or f"pipeline {done.pk} was taken by another worker.")
    return done


def next_steps(line: Pipeline) -> str:
    """What a held pipeline's version waits for, as commands; empty where nothing blocks it."""
    if line.state != Pipeline.State.HELD or line.version is None:
        return ""
    steps = dict.fromkeys(blocker.step for blocker in blockers(line.version, line.surface))
    return f"Next: {' '.join(steps)}" if steps else ""


def _is_left(line: Pipeline) -> bool:
    """Returns True where nobody holds the pipeline's step any more."""
    return line.runs.filter(state__in=ACTIVE, lease_until__lt=utc_now()).exists()


def _may_take(run: Run, version: CodebookVersion | None) -> bool:
    """Returns True for an earlier run of this version that no live worker has."""
    is_held = run.state == Run.State.RUNNING and (run.lease_until or utc_now()) > utc_now()
    return not is_held and run.version == version
