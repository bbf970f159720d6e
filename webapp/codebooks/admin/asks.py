"""Admin steps that ask the workers for work: audits, and pipelines of new or judged versions."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.codebooks.admin.confirm import SureForm, confirm, person, posted
from webapp.codebooks.admin.history import surface_log
from webapp.codebooks.gate.rollout import rollout_of
from webapp.codebooks.models import CodebookVersion, Pipeline, Run
from webapp.codebooks.pipeline.enqueue import run_enqueue
from webapp.codebooks.pipeline.lease import run_request
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.lib.admin_pages import link
from webapp.surfaces.models import Surface

ASK = "uiengine_codebooks.add_run"
"""Audits, and the gate's judgement."""
RETRAIN = "uiengine_codebooks.add_pipeline"
"""New versions: retrain and refresh."""


def ask_audit(
    request: HttpRequest, surface: Surface, back: str, version: CodebookVersion | None = None
) -> HttpResponse:
    """Requests an audit from the workers, unless one is under way."""

    def act(data: dict[str, Any]) -> str:
        name = person(request).get_username()
        kind = Run.Kind.AUDIT
        run, is_new = run_request(kind=kind, surface=surface, version=version, by=name)
        if is_new:
            run_enqueue(run)
            return format_html("Asked for {}, which shows its progress.", _run(run))
        told = (_run(run), run.state, f"{run.progress:.0%}")
        return format_html("{} is under way already ({}, {}).", *told)

    about = f" of {version.name}" if version else ""
    title = f"Audit now{about}: {surface}"
    text = "Replays the stored visits and compares slices of people."
    form = SureForm(posted(request))
    return confirm(request, permission=ASK, title=title, text=text, form=form, act=act, back=back)


def ask_pipeline(
    request: HttpRequest,
    kind: Pipeline.Kind,
    surface: Surface,
    back: str,
    version: CodebookVersion | None = None,
) -> HttpResponse:
    """Requests a pipeline from the workers; a surface has one at a time."""

    def act(data: dict[str, Any]) -> str:
        name = person(request).get_username()
        line, is_new = pipeline_request(kind=kind, surface=surface, version=version, by=name)
        if is_new:
            surface_log(request, surface, f"Asked for a {line.kind} (pipeline {line.pk}).")
            return format_html("Asked for {}, which shows its progress.", _line(line))
        says = "{} has a {} under way already ({}, asked for by {}). Wait for it."
        raise ValueError(
            format_html(says, surface.slug, line.kind, _line(line), line.asked_by or "the schedule")
        )

    rule = rollout_of(surface).get_after_gate_display().lower()
    texts = {
        Pipeline.Kind.RETRAIN: "Trains a version from stored visits, audits and judges it. "
        f"If it meets all conditions of the gate: {rule}.",
        Pipeline.Kind.REFRESH: "A few hundred steps from the champion, on people of late who are "
        f"balanced over slices; then the same gate. If it passes: {rule}.",
        Pipeline.Kind.JUDGE: "Replays held-back visits, audits, and judges by all conditions "
        "of the gate. Nothing is promoted.",
    }
    about = f" {version.name}" if version else ""
    title = f"{kind.label} now:{about} {surface}"
    form = SureForm(posted(request))
    needed = ASK if kind == Pipeline.Kind.JUDGE else RETRAIN
    return confirm(
        request, permission=needed, title=title, text=texts[kind], form=form, act=act, back=back
    )


def _run(run: Run) -> SafeString:
    return link(run, f"run {run.pk}")


def _line(line: Pipeline) -> SafeString:
    return link(line, f"pipeline {line.pk}")
