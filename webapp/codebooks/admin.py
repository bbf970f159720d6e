"""Admin of codebook versions, moves and runs. Rows are made by pipelines, never by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.subjects.erasure import version_erasures, version_subjects

from . import steps
from .card_html import card_html, card_page
from .models import Alias, AliasMove, CodebookVersion, Run
from .runs import run_request
from .tasks import run_enqueue


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To be looked at: no adding, changing or deleting."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(CodebookVersion)
class CodebookVersionAdmin(ReadOnlyAdmin):
    list_display = ("name", "status", "serves", "trained_for", "bits", "verdict", "created_at")
    list_filter = ("status", "surfaces")
    search_fields = ("name",)
    actions = ("promote_chosen",)
    fields = (
        *("name", "status", "serves", "trained_for", "trained_with", "verdict", "parent"),
        *("created_at", "about"),
    )
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        name = "codebooks_codebookversion"
        return [
            path("<int:pk>/promote/", view(self.promote_view), name=f"{name}_promote"),
            path("<int:pk>/retrain/<int:surface>/", view(self.ask_view), name=f"{name}_retrain"),
            path("<int:pk>/audit/<int:surface>/", view(self.ask_view), name=f"{name}_audit"),
            *super().get_urls(),
        ]

    def promote_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return steps.promote(request, get_object_or_404(CodebookVersion, pk=pk), _page(pk))

    def ask_view(self, request: HttpRequest, pk: int, surface: int) -> HttpResponse:
        version = get_object_or_404(CodebookVersion, pk=pk)
        page = get_object_or_404(version.surfaces.model, pk=surface)
        if "/audit/" in request.path:
            return steps.ask(request, Run.Kind.AUDIT, page, _page(pk), version)
        return steps.ask(request, Run.Kind.RETRAIN, page, _page(pk))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        version = CodebookVersion.objects.filter(pk=object_id).first()
        surfaces = _surfaces_of(version) if version else []
        context = {**(extra_context or {}), "surfaces_of_version": surfaces}
        return super().change_view(request, object_id, form_url, context)

    @admin.action(description="Promote… (one version)")
    def promote_chosen(self, request: HttpRequest, chosen: Any) -> HttpResponse | None:
        if chosen.count() != 1:
            self.message_user(request, "Choose one version to promote.", "error")
            return None
        name = "admin:codebooks_codebookversion_promote"
        return redirect(reverse(name, args=[chosen.get().pk]))

    @admin.display(description="Champion of")
    def serves(self, version: CodebookVersion) -> str:
        aliases = version.aliases.filter(name=Alias.Name.CHAMPION).select_related("surface")
        return ", ".join(alias.surface.slug for alias in aliases) or "–"

    @admin.display(description="Trained for")
    def trained_for(self, version: CodebookVersion) -> str:
        return ", ".join(version.manifest.get("surfaces", [])) or "any page (innate)"

    @admin.display(description="Trained with")
    def trained_with(self, version: CodebookVersion) -> str:
        count, erased = version_subjects(version), version_erasures(version)
        if not count and not erased:
            return "not known here: the version came with the product, or from files"
        gone = f"; {erased} erased since: to be retrained" if erased else ""
        return f"{count} subjects{gone}"

    @admin.display(description="Bits per user")
    def bits(self, version: CodebookVersion) -> str:
        found = version.card.get("bits_per_user", {})
        mean = found.get("mean") if isinstance(found, dict) else found
        return f"{mean:.1f}" if isinstance(mean, int | float) else "–"

    @admin.display(description="Latest audit")
    def verdict(self, version: CodebookVersion) -> SafeString | str:
        report = version.audit_reports.order_by("-created_at", "-pk").first()
        if report is None:
            return "not audited"
        page = reverse("admin:audits_auditreport_change", args=[report.pk])
        return format_html('<a href="{}">{}</a>', page, report.verdict)

    @admin.display(description="Card")
    def about(self, version: CodebookVersion) -> SafeString:
        return card_page(version.card)


def _page(pk: int) -> str:
    return reverse("admin:codebooks_codebookversion_change", args=[pk])


def _surfaces_of(version: CodebookVersion) -> list[Any]:
    served = [alias.surface for alias in version.aliases.select_related("surface")]
    return list(dict.fromkeys([*version.surfaces.all(), *served]))


@admin.register(AliasMove)
class AliasMoveAdmin(ReadOnlyAdmin):
    """The record of promotions and rollbacks."""

    list_display = ("at", "surface", "name", "before", "after", "is_rollback", "by_name", "why")
    list_filter = ("surface", "name", "is_rollback")
    list_select_related = ("surface", "before", "after")


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("pk", "kind", "surface", "state", "share", "doing", "asked_by", "created_at")
    list_filter = ("kind", "state", "surface")
    list_select_related = ("surface",)
    actions = ("ask_again",)
    fields = (
        *("kind", "surface", "version", "state", "share", "doing", "outcome", "error"),
        *("attempts", "asked_by", "created_at", "started_at", "finished_at", "lease_until"),
    )

    def has_view_or_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        active = Run.objects.filter(state__in=(Run.State.QUEUED, Run.State.RUNNING)).exists()
        return super().changelist_view(request, {**(extra_context or {}), "is_active": active})

    @admin.display(description="Progress")
    def share(self, run: Run) -> SafeString:
        percent = f"{run.progress:.0%}"
        bar = '<progress value="{}" aria-label="progress"></progress> {}'
        return format_html(bar, round(run.progress, 3), percent)

    @admin.display(description="Result")
    def outcome(self, run: Run) -> SafeString:
        return card_html(run.result)

    @admin.action(description="Ask again for failed runs", permissions=["ask"])
    def ask_again(self, request: HttpRequest, chosen: Any) -> None:
        name = steps.person(request).get_username()
        for run in chosen.filter(state=Run.State.FAILED):
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

    def has_ask_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(steps.ASK)
