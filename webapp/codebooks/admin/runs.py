"""Admin pages of pipelines and of their steps (runs)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from webapp.codebooks.admin.asks import ASK, RETRAIN
from webapp.codebooks.admin.card_html import card_html
from webapp.codebooks.admin.confirm import SureForm, confirm, person, posted
from webapp.codebooks.admin.next_steps import MOVE, step_address, still_to_do
from webapp.codebooks.admin.parts_html import parts_table, parts_words
from webapp.codebooks.admin.wide_table import wide_table
from webapp.codebooks.models import Pipeline, Run
from webapp.codebooks.pipeline.enqueue import run_enqueue
from webapp.codebooks.pipeline.lease import run_request
from webapp.codebooks.pipeline.order import STEPS, pipeline_resume
from webapp.lib.admin_pages import link, name_of, page_of
from webapp.lib.page_context import PageContextAdmin
from webapp.lib.read_only_admin import ReadOnlyAdmin


def _bar(share: float) -> SafeString:
    bar = '<progress value="{}" aria-label="progress"></progress> {}'
    return format_html(bar, round(share, 3), f"{share:.0%}")


MOST_WORDS = 40
"""Of an outcome, in the list."""
UNSHOWN = ("files", "cuts")
"""Of a result: as many entries as parts."""
REPORTS = {
    Run.Kind.AUDIT: "uiengine_audits_auditreport",
    Run.Kind.GATE: "uiengine_codebooks_gatereport",
    Run.Kind.REHEARSE: "uiengine_trials_rehearsal",
}


def _figures(run: Run) -> SafeString:
    return card_html({name: run.result[name] for name in run.result if name not in UNSHOWN})


def _report(run: Run) -> SafeString:
    """Links to the report that a step made; empty where it made none."""
    number = run.result.get("report")
    page = REPORTS.get(Run.Kind(run.kind)) if isinstance(number, int) else None
    if page is None:
        return SafeString("")
    address = reverse(f"admin:{page}_change", args=[number])
    return format_html('<a href="{}">Open report {}</a>', address, number)


def _folded(run: Run) -> SafeString:
    """Shows a step's result folded, as figures by slice may fill pages."""
    if not run.result:
        return SafeString("")
    folded = "<details><summary>Figures</summary>{}</details>{}"
    return format_html(folded, _figures(run), _report(run))


def _doing(run: Run) -> str:
    """What the run does, or did: fresh from its parts where it has several."""
    if run.state == Run.State.FAILED:
        return run.error or run.doing
    if run.parts.count() < 2:
        return run.doing or run.error
    return parts_words(run)


class AskedAdmin(ReadOnlyAdmin):
    """Reloads its list while a run is queued or running."""

    def has_view_or_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_ask_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ASK)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        active = Run.objects.filter(state__in=(Run.State.QUEUED, Run.State.RUNNING)).exists()
        return super().changelist_view(request, {**(extra_context or {}), "is_active": active})


@admin.register(Pipeline)
class PipelineAdmin(PageContextAdmin, AskedAdmin):
    list_display = ("pk", "kind", "surface", "state", "share", "now", "ended", "asked_by")
    list_filter = ("kind", "state", "surface")
    list_select_related = ("surface",)
    actions = ("go_on",)
    change_form_template = "uiengine_codebooks/pipeline.html"
    fields = (
        *("kind", "surface", "version", "state", "outcome", "asked_by", "created_at"),
        *("finished_at", "table"),
    )

    def has_ask_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(RETRAIN)

    def get_urls(self) -> list[URLPattern]:
        name = name_of(Pipeline, "go_on")
        view = self.admin_site.admin_view(self.go_on_view)
        return [path("<int:pk>/go-on/", view, name=name), *super().get_urls()]

    def page_context(self, request: HttpRequest, row: Pipeline) -> dict[str, Any]:
        """Offers the step that a held or failed pipeline waits for."""
        return _waits_for(request, row)

    def go_on_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        line = get_object_or_404(Pipeline, pk=pk)

        def act(data: dict[str, Any]) -> str:
            if line.state != Pipeline.State.FAILED:
                raise ValueError(f"Pipeline {pk} is {line.state}, and only a failed one goes on.")
            goes_on = pipeline_resume(line)
            if goes_on is None:
                raise ValueError(
                    f"{line.surface.slug} has another pipeline under way. Wait for it."
                )
            anew = "" if goes_on == line else ", which collects again"
            return format_html("Goes on: {}{}.", link(goes_on, f"pipeline {goes_on.pk}"), anew)

        return confirm(
            request,
            permission=RETRAIN,
            title=f"Go on with pipeline {pk}",
            text="It goes on from the step that failed. Read that step's error first: if its cause "
            "is still there, the step fails again.",
            form=SureForm(posted(request)),
            act=act,
            back=page_of(line),
        )

    @admin.display(description="Progress")
    def share(self, line: Pipeline) -> SafeString:
        if line.state in (Pipeline.State.DONE, Pipeline.State.HELD):
            return _bar(1.0)
        return _bar(sum(run.progress for run in line.runs.all()) / len(STEPS[line.kind]))

    @admin.display(description="Now")
    def now(self, line: Pipeline) -> str:
        run = line.runs.filter(state__in=("queued", "running")).first()
        return f"{run.kind} ({run.state}) {_doing(run)}" if run else "–"

    @admin.display(description="Outcome")
    def ended(self, line: Pipeline) -> str:
        return Truncator(line.outcome).words(MOST_WORDS)

    @admin.display(description="Steps")
    def table(self, line: Pipeline) -> SafeString:
        runs = {run.kind: run for run in line.runs.all()}
        rows = [
            (
                step.label,
                run.state if (run := runs.get(step)) else "not begun",
                _bar(run.progress) if run else "",
                run.attempts if run else "",
                _doing(run) if run else "",
                _folded(run) if run else "",
            )
            for step in STEPS[line.kind]
        ]
        heads = ("step", "state", "progress", "attempts", "doing", "result")
        return wide_table("Steps", heads, rows)

    @admin.action(description="Go on from the step that failed", permissions=["ask"])
    def go_on(self, request: HttpRequest, chosen: Any) -> None:
        for line in chosen.filter(state=Pipeline.State.FAILED):
            if goes_on := pipeline_resume(line):
                anew = f" as pipeline {goes_on.pk}, which collects again"
                text = f"Pipeline {line.pk} goes on{anew if goes_on != line else ''}."
                self.message_user(request, text)
            else:
                text = f"{line.surface.slug} has another pipeline under way. Wait for it."
                self.message_user(request, text, messages.ERROR)


def _waits_for(request: HttpRequest, line: Pipeline) -> dict[str, Any]:
    """What is left to do about a pipeline, and links to the steps that the reader may take."""
    offered: list[dict[str, str]] = []
    if line.state == Pipeline.State.FAILED and request.user.has_perm(RETRAIN):
        offered.append({"address": page_of(line, "go_on"), "label": "Go on…"})
    if line.state != Pipeline.State.HELD or line.version is None:
        return {"steps": offered}
    if request.user.has_perm(MOVE):
        for step, label in (("promote", "Promote…"), ("challenge", "Shadow or canary…")):
            address = step_address(line.version, line.surface, step)
            offered.append({"address": address, "label": label})
    return {"steps": offered, "left": still_to_do(request.user, line.version, line.surface)}


@admin.register(Run)
class RunAdmin(AskedAdmin):
    list_display = ("pk", "kind", "surface", "state", "share", "doing", "asked_by", "created_at")
    list_filter = ("kind", "state", "surface")
    list_select_related = ("surface",)
    actions = ("ask_again",)
    fields = (
        *("kind", "surface", "pipeline", "version", "state", "share", "doing", "outcome", "error"),
        *("attempts", "asked_by", "created_at", "started_at", "finished_at", "lease_until"),
        "parts",
    )

    @admin.display(description="Progress")
    def share(self, run: Run) -> SafeString:
        return _bar(run.progress)

    @admin.display(description="Parts")
    def parts(self, run: Run) -> SafeString:
        return parts_table(run)

    @admin.display(description="Result")
    def outcome(self, run: Run) -> SafeString:
        return format_html("{}{}", _figures(run), _report(run))

    @admin.action(description="Ask again for failed audits and rehearsals", permissions=["ask"])
    def ask_again(self, request: HttpRequest, chosen: Any) -> None:
        name = person(request).get_username()
        for run in chosen.filter(state=Run.State.FAILED, pipeline=None):
            again, is_new = run_request(
                kind=run.kind,
                surface=run.surface,
                version=run.version,
                options=run.options,
                by=name,
            )
            if is_new:
                run_enqueue(again)
            self.message_user(request, f"Run {again.pk} stands in for run {run.pk}.")
