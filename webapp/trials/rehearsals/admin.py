"""Admin of rehearsals: ask for one, read it, download it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.clickjacking import xframe_options_sameorigin

from webapp.codebooks.admin.asks import ASK
from webapp.codebooks.admin.confirm import confirm, person, posted
from webapp.codebooks.models import Run
from webapp.codebooks.pipeline.enqueue import run_enqueue
from webapp.codebooks.pipeline.lease import run_request
from webapp.lib.admin_pages import link, page_of
from webapp.lib.read_only_admin import ReadOnlyAdmin
from webapp.subjects.looks import look_record
from webapp.surfaces.models import Surface
from webapp.trials.models import Rehearsal, RehearsedWeek
from webapp.trials.rehearsals.page import rehearsal_html
from webapp.trials.rehearsals.services import NO_PAST, has_past
from webapp.trials.rehearsals.words import headline

SEES_PEOPLE = "uiengine_subjects.view_profile"
"""Permission to look at one person; without it the three weeks are left out."""


class RehearseForm(forms.Form):
    train = forms.BooleanField(
        required=False,
        label="Train a version first",
        help_text="On the people who are not held back, as the next retrain would; it takes some "
        "minutes, serves nobody and is deleted. Otherwise the version that serves decides.",
    )


@admin.register(Rehearsal)
class RehearsalAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "surface", "version", "verdict", "people")
    list_filter = ("verdict", "surface")
    list_select_related = ("surface", "version")
    fields = ("verdict", "told", "surface", "version", "created_at", "page")
    readonly_fields = fields

    class Media:
        css = {"all": ("uiengine_codebooks/report.css",)}  # noqa: RUF012

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "uiengine_trials_rehearsal"
        return [
            path("ask/<int:surface>/", view(self.ask_view), name=f"{name}_ask"),
            path("<int:pk>/page/", view(self.page_view), name=f"{name}_page"),
            path("<int:pk>/rehearsal.html", view(self.html_view), name=f"{name}_html"),
            path("<int:pk>/rehearsal.json", view(self.json_view), name=f"{name}_json"),
            *super().get_urls(),
        ]

    def ask_view(self, request: HttpRequest, surface: int) -> HttpResponse:
        """Requests a rehearsal from the workers, unless one is under way."""
        row = get_object_or_404(Surface, pk=surface)

        nothing = "" if has_past(row) else NO_PAST.format(row.slug)

        def act(data: dict[str, Any]) -> str:
            if nothing:
                raise ValueError(nothing)
            run, is_new = run_request(
                kind=Run.Kind.REHEARSE,
                surface=row,
                options={"train": data["train"]},
                by=person(request).get_username(),
            )
            here = link(run, f"run {run.pk}")
            if not is_new:
                told = (here, run.state, f"{run.progress:.0%}")
                return format_html("{} is under way already ({}, {}).", *told)
            run_enqueue(run)
            return format_html("Asked for {}, which shows its progress and the result.", here)

        return confirm(
            request,
            permission=ASK,
            title=f"Rehearse on the past: {row}",
            text="Walks through the stored visits of held-back people: what would the engine have "
            "shown them, against today's page? Nothing that serves is trained or changed. "
            + nothing,
            form=RehearseForm(posted(request)),
            act=act,
            back=page_of(row),
        )

    def page_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Serves the page; the policy forbids scripts, and it contains none."""
        page = self._html(request, self._rehearsal(request, pk))
        answer = xframe_options_sameorigin(lambda _: HttpResponse(page))(request)
        answer["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        return answer

    def html_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        answer = HttpResponse(self._html(request, self._rehearsal(request, pk)))
        answer["Content-Disposition"] = f'attachment; filename="rehearsal-{pk}.html"'
        return answer

    def json_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        figures = self._rehearsal(request, pk).figures
        answer = JsonResponse(figures, json_dumps_params={"indent": 1})
        answer["Content-Disposition"] = f'attachment; filename="rehearsal-{pk}.json"'
        return answer

    def _rehearsal(self, request: HttpRequest, pk: int) -> Rehearsal:
        if not self.has_view_permission(request):
            raise PermissionDenied("Rehearsals need uiengine_trials.view_rehearsal.")
        return get_object_or_404(Rehearsal, pk=pk)

    def _html(self, request: HttpRequest, row: Rehearsal) -> str:
        weeks: list[RehearsedWeek] = []
        if request.user.has_perm(SEES_PEOPLE):
            weeks = list(row.weeks.select_related("subject"))
        for week in weeks:
            look_record(request, week.subject, f"Looked at their week in rehearsal {row.pk}.")
        return rehearsal_html(row, weeks)

    @admin.display(description="People")
    def people(self, row: Rehearsal) -> int:
        return int(row.figures["people"])

    @admin.display(description="In words")
    def told(self, row: Rehearsal) -> str:
        return headline(row.figures)

    @admin.display(description="Page")
    def page(self, row: Rehearsal) -> SafeString:
        address = reverse("admin:uiengine_trials_rehearsal_page", args=[row.pk])
        frame = '<iframe class="report-page" src="{}" title="Rehearsal"></iframe>'
        return format_html(frame, address)
