"""Admin of codebook versions, which only pipelines write."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from webapp.codebooks.admin.asks import ask_audit, ask_pipeline
from webapp.codebooks.admin.card_page import card_page
from webapp.codebooks.admin.moves import challenge, promote
from webapp.codebooks.admin.next_steps import MOVE, rollback_offers
from webapp.codebooks.models import (
    Alias,
    CodebookVersion,
    Pipeline,
)
from webapp.codebooks.registry.training_record import version_erasures, version_subjects
from webapp.lib.admin_pages import link
from webapp.lib.page_context import PageContextAdmin
from webapp.lib.read_only_admin import ReadOnlyAdmin
from webapp.surfaces.models import Surface


@admin.register(CodebookVersion)
class CodebookVersionAdmin(PageContextAdmin, ReadOnlyAdmin):
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
        return promote(request, get_object_or_404(CodebookVersion, pk=pk), _page(pk))

    def challenge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return challenge(request, get_object_or_404(CodebookVersion, pk=pk), _page(pk))

    def ask_view(self, request: HttpRequest, pk: int, surface: int) -> HttpResponse:
        page = get_object_or_404(Surface, pk=surface)
        return ask_pipeline(request, Pipeline.Kind.RETRAIN, page, _page(pk))

    def judge_view(self, request: HttpRequest, pk: int, surface: int) -> HttpResponse:
        version = get_object_or_404(CodebookVersion, pk=pk)
        page = get_object_or_404(Surface, pk=surface)
        return ask_pipeline(request, Pipeline.Kind.JUDGE, page, _page(pk), version)

    def audit_view(self, request: HttpRequest, pk: int, surface: int) -> HttpResponse:
        version = get_object_or_404(CodebookVersion, pk=pk)
        page = get_object_or_404(Surface, pk=surface)
        return ask_audit(request, page, _page(pk), version)

    def page_context(self, request: HttpRequest, row: CodebookVersion) -> dict[str, Any]:
        """Offers steps on the surfaces that the version was trained for or serves."""
        rollbacks = rollback_offers(request.user, row)
        return {"surfaces_of_version": _surfaces_of(row), "rollbacks": rollbacks}

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
