"""Admin of codebook versions and their rollout. Only pipelines write versions."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from webapp.codebooks.admin import actions as steps
from webapp.codebooks.admin.card_page import card_page
from webapp.codebooks.admin.churn_html import churn_html
from webapp.codebooks.admin.next_steps import MOVE, rollback_offers, still_to_do
from webapp.codebooks.models import (
    Agreement,
    Alias,
    CodebookVersion,
    GateReport,
    GuardWindow,
    Pipeline,
    Rollout,
)
from webapp.codebooks.registry.training_record import version_erasures, version_subjects
from webapp.lib.admin_pages import link
from webapp.lib.read_only_admin import ReadOnlyAdmin
from webapp.surfaces.models import Surface


@admin.register(CodebookVersion)
class CodebookVersionAdmin(ReadOnlyAdmin):
    list_display = ("name", "status", "serves", "trained_for", "bits", "gate", "verdict")
    list_filter = ("status", "surfaces")
    search_fields = ("name",)
    actions = ("promote_chosen", "compare_chosen")
    fields = (
        *(
            "name",
            "status",
            "serves",
            "trained_for",
            "trained_with",
            "gate",
            "verdict",
            "agreement",
        ),
        *("parent", "created_at", "about"),
    )
    readonly_fields = fields

    def has_move_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MOVE)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        name = "uiengine_codebooks_codebookversion"
        return [
            path("<int:pk>/promote/", view(self.promote_view), name=f"{name}_promote"),
            path("<int:pk>/challenge/", view(self.challenge_view), name=f"{name}_challenge"),
            path("<int:pk>/retrain/<int:surface>/", view(self.ask_view), name=f"{name}_retrain"),
            path("<int:pk>/judge/<int:surface>/", view(self.judge_view), name=f"{name}_judge"),
            path("<int:pk>/audit/<int:surface>/", view(self.audit_view), name=f"{name}_audit"),
            *super().get_urls(),
        ]

    def promote_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return steps.promote(request, get_object_or_404(CodebookVersion, pk=pk), _page(pk))

    def challenge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return steps.challenge(request, get_object_or_404(CodebookVersion, pk=pk), _page(pk))

    def ask_view(self, request: HttpRequest, pk: int, surface: int) -> HttpResponse:
        page = get_object_or_404(Surface, pk=surface)
        return steps.ask(request, Pipeline.Kind.RETRAIN, page, _page(pk))

    def judge_view(self, request: HttpRequest, pk: int, surface: int) -> HttpResponse:
        version = get_object_or_404(CodebookVersion, pk=pk)
        page = get_object_or_404(Surface, pk=surface)
        return steps.ask(request, Pipeline.Kind.JUDGE, page, _page(pk), version)

    def audit_view(self, request: HttpRequest, pk: int, surface: int) -> HttpResponse:
        version = get_object_or_404(CodebookVersion, pk=pk)
        page = get_object_or_404(Surface, pk=surface)
        return steps.ask_audit(request, page, _page(pk), version)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        version = self.get_object(request, unquote(object_id))
        surfaces = _surfaces_of(version) if version else []
        rollbacks = rollback_offers(request.user, version) if version else []
        context = {"surfaces_of_version": surfaces, "rollbacks": rollbacks, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    @admin.action(description="Promote… (one version)", permissions=["move"])
    def promote_chosen(self, request: HttpRequest, chosen: Any) -> HttpResponse | None:
        if chosen.count() != 1:
            self.message_user(request, "Choose one version to promote.", "error")
            return None
        name = "admin:uiengine_codebooks_codebookversion_promote"
        return redirect(reverse(name, args=[chosen.get().pk]))

    @admin.action(description="Compare side by side (two to four)")
    def compare_chosen(self, request: HttpRequest, chosen: Any) -> HttpResponse:
        query = QueryDict(mutable=True)
        query.setlist("version", [str(version.pk) for version in chosen])
        return redirect(f"{reverse('uiengine_studio:compare')}?{query.urlencode()}")

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """Drops the action to compare versions if the studio is not installed.

        action_location: which of its pages asks, from Django 6.1 on.
        """
        where = {} if action_location is None else {"action_location": action_location}
        actions: dict[str, Any] = super().get_actions(request, **where)
        if not apps.is_installed("webapp.studio"):
            actions.pop("compare_chosen", None)
        return actions

    @admin.display(description="Champion of")
    def serves(self, version: CodebookVersion) -> SafeString | str:
        aliases = version.aliases.filter(name=Alias.Name.CHAMPION).select_related("surface")
        links = ((link(alias.surface, alias.surface.slug),) for alias in aliases)
        return format_html_join(", ", "{}", links) or "–"

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

    @admin.display(description="Gate")
    def gate(self, version: CodebookVersion) -> SafeString | str:
        report = version.gate_reports.first()
        if report is None:
            return "not judged"
        return link(report, report.verdict)

    @admin.display(description="Latest audit")
    def verdict(self, version: CodebookVersion) -> SafeString | str:
        report = version.audit_reports.order_by("-created_at", "-pk").first()
        if report is None:
            return "not audited"
        return link(report, report.verdict)

    @admin.display(description="In the shadow")
    def agreement(self, version: CodebookVersion) -> str:
        """Sums the comparisons with the champions of their time."""
        looks = list(version.agreements.all())
        count = sum(look.decisions for look in looks)
        if not count:
            return "not yet: nothing was decided beside a champion"
        same, moved = sum(k.same for k in looks), sum(k.moved for k in looks)
        return (
            f"{same / count:.0%} of {count} decisions like the champion's; "
            f"{moved / count:.2f} blocks elsewhere; "
            f"{sum(k.failed for k in looks)} failed"
        )

    @admin.display(description="Card")
    def about(self, version: CodebookVersion) -> SafeString:
        return card_page(version)


def _page(pk: int) -> str:
    return reverse("admin:uiengine_codebooks_codebookversion_change", args=[pk])


def _surfaces_of(version: CodebookVersion) -> list[Any]:
    served = [alias.surface for alias in version.aliases.select_related("surface")]
    return list(dict.fromkeys([*version.surfaces.all(), *served]))


@admin.register(GateReport)
class GateReportAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "surface", "version", "champion", "verdict", "acknowledgement")
    list_filter = ("verdict", "surface")
    list_select_related = ("surface", "version", "champion")
    fields = (
        *("verdict", "surface", "version", "champion", "created_at", "table"),
        *("acknowledgement", "acknowledged_at"),
    )

    def get_urls(self) -> list[URLPattern]:
        name = "uiengine_codebooks_gatereport_acknowledge"
        view = self.admin_site.admin_view(self.acknowledge_view)
        return [path("<int:pk>/acknowledge/", view, name=name), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Says what else stands between the judged version and serving."""
        report = self.get_object(request, unquote(object_id))
        left = still_to_do(request.user, report.version, report.surface) if report else ""
        context = {"left": left, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def acknowledge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        report = get_object_or_404(GateReport, pk=pk)
        back = reverse("admin:uiengine_codebooks_gatereport_change", args=[pk])
        return steps.acknowledge_gate(request, report, back)

    @admin.display(description="Conditions")
    def table(self, report: GateReport) -> SafeString:
        rows = (
            (c["name"], c["verdict"], _figure(c["figure"]), c["limit"], c["unit"], c["text"])
            for c in report.conditions
        )
        line = "<tr><th>{}</th><td><b>{}</b></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>"
        head = "".join(
            f"<th>{name}</th>"
            for name in ("condition", "verdict", "figure", "limit", "of what", "meaning")
        )
        body = format_html_join("", line, rows)
        return format_html(
            "<table><thead><tr>{}</tr></thead>{}</table>"
            "<p class=help>Seconds are modelled, not measured.</p>{}",
            SafeString(head),
            body,
            churn_html(report),
        )


def _figure(value: Any) -> str:
    if value is None:
        return "unknown"
    return f"{value:+.4g}" if isinstance(value, float) else str(value)


@admin.register(Rollout)
class RolloutAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rollout settings of a surface; a surface without a row has the defaults."""

    list_display = ("surface", "after_gate", "canary_percent", "needs_two", "rolls_back")
    fieldsets = (
        (None, {"fields": ("surface", "after_gate", "canary_percent", "needs_two")}),
        (
            "Live guardrails",
            {
                "fields": (
                    *("rolls_back", "most_errors", "most_fallbacks", "most_seconds"),
                    *("least_answers", "cooldown_minutes"),
                ),
                "description": "Seconds are modelled, not measured.",
            },
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keeps a row that says that two people are needed: without it one would do."""
        return super().has_delete_permission(request, obj) and not (obj and obj.needs_two)

    def save_model(self, request: HttpRequest, obj: Rollout, form: Any, change: bool) -> None:
        """Ends the rule of two people only when a second person asks for it."""
        if change and "needs_two" in form.changed_data and not obj.needs_two:
            name = steps.person(request).get_username()
            obj.needs_two = obj.lifted_by in ("", name)
            obj.lifted_by = name if obj.needs_two else ""
            if obj.needs_two:
                text = f"{obj.surface.slug} needs two people until somebody else ends that as well."
                self.message_user(request, text, messages.WARNING)
        super().save_model(request, obj, form, change)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Locks the rule of two people, and the surface, for users who may not promote."""
        moves = request.user.has_perm(MOVE)
        return (*(("surface",) if obj else ()), *(() if moves else ("needs_two",)))


@admin.register(GuardWindow)
class GuardWindowAdmin(ReadOnlyAdmin):
    list_display = ("since", "surface", "version", "answers", "visits", "shares", "bad")
    list_filter = ("surface",)
    list_select_related = ("surface", "version")

    @admin.display(description="Figures")
    def shares(self, window: GuardWindow) -> str:
        return ", ".join(f"{name} {_figure(value)}" for name, value in window.figures.items())


@admin.register(Agreement)
class AgreementAdmin(ReadOnlyAdmin):
    """Comparisons of a challenger's decisions with the champion's."""

    list_display = ("until", "surface", "challenger", "champion", "decisions", "same", "moved")
    list_filter = ("surface",)
    list_select_related = ("surface", "challenger", "champion")
