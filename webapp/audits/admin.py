"""Admin of audit reports: read, download, acknowledge."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.clickjacking import xframe_options_sameorigin

from webapp.audits.compare import compare
from webapp.audits.models import AuditReport
from webapp.audits.services import report_acknowledge
from webapp.audits.to_do import to_do
from webapp.codebooks.admin.confirm import WhyForm, confirm, person, posted
from webapp.codebooks.admin.next_steps import after_acknowledging, rollback_offers
from webapp.lib.page_context import PageContextAdmin
from webapp.lib.read_only_admin import ReadOnlyAdmin

NEEDED = "Audit reports need the permission uiengine_audits.view_auditreport."
OLD_PAGE = "<p>Pages of reports are kept for a year. The JSON has all figures of this one.</p>"
MOST_CHOICES = 200
"""Number of latest reports to choose from."""


@admin.register(AuditReport)
class AuditReportAdmin(PageContextAdmin, ReadOnlyAdmin):
    list_display = ("created_at", "surface", "version", "verdict", "compared_by", "acknowledgement")
    list_filter = ("verdict", "surface")
    list_select_related = ("surface", "version")
    actions = ("compare_chosen",)
    fields = (
        *("verdict", "surface", "version", "champion", "anchor", "compared_by", "created_at"),
        *("served_by", "acknowledged_by", "acknowledged_at", "acknowledgement", "mailed_at"),
        *("to_do", "page"),
    )

    class Media:
        css = {"all": ("uiengine_codebooks/report.css",)}  # noqa: RUF012

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "uiengine_audits_auditreport"
        return [
            path("<int:pk>/page/", view(self.page_view), name=f"{name}_page"),
            path("<int:pk>/report.html", view(self.html_view), name=f"{name}_html"),
            path("compare/", view(self.compare_view), name=f"{name}_compare"),
            path("<int:pk>/report.json", view(self.json_view), name=f"{name}_json"),
            path("<int:pk>/acknowledge/", view(self.acknowledge_view), name=f"{name}_acknowledge"),
            *super().get_urls(),
        ]

    def page_context(self, request: HttpRequest, row: AuditReport) -> dict[str, Any]:
        """Offers to roll back where the audited version serves."""
        offers = rollback_offers(request.user, row.version)
        return {"rollbacks": [offer for offer in offers if offer["surface"] == row.surface]}

    def page_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Serves the stored report; the policy forbids scripts, and it contains none."""
        report = self._report(request, pk)
        page = report.html or OLD_PAGE
        answer = xframe_options_sameorigin(lambda _: HttpResponse(page))(request)
        policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
        answer["Content-Security-Policy"] = policy
        return answer

    def json_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        report = self._report(request, pk)
        answer = JsonResponse(report.report, json_dumps_params={"indent": 1})
        answer["Content-Disposition"] = f'attachment; filename="audit-{pk}.json"'
        return answer

    def html_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        answer = HttpResponse(self._report(request, pk).html or OLD_PAGE)
        answer["Content-Disposition"] = f'attachment; filename="audit-{pk}.html"'
        return answer

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Compares two reports: the chosen ones, or the latest two of one surface.

        A single chosen report is compared with the one before it.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied(NEEDED)
        choices = list(AuditReport.objects.select_related("surface", "version")[:MOST_CHOICES])
        asked = {request.GET.get("left", ""), request.GET.get("right", "")}
        chosen = [report for report in choices if str(report.pk) in asked]
        if len(chosen) < 2:
            chosen = _pair(choices, chosen)
        context = {
            **self.admin_site.each_context(request),
            "title": "Compare two audits",
            "choices": choices,
            "alone": chosen[0] if len(chosen) == 1 else None,
            "found": compare(*chosen) if len(chosen) == 2 else None,
        }
        return TemplateResponse(request, "uiengine_audits/compare.html", context)

    @admin.action(description="Compare two reports", permissions=["view"])
    def compare_chosen(self, request: HttpRequest, chosen: Any) -> HttpResponse | None:
        if chosen.count() != 2:
            self.message_user(request, "Choose two reports to compare.", "error")
            return None
        left, right = chosen
        page = reverse("admin:uiengine_audits_auditreport_compare")
        return redirect(f"{page}?left={left.pk}&right={right.pk}")

    def acknowledge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        report = get_object_or_404(AuditReport, pk=pk)

        def act(data: dict[str, Any]) -> str:
            by = person(request)
            report_acknowledge(report=report, name=by.get_username(), why=data["why"], by=by)
            self.log_change(request, report, f"Acknowledged: {data['why']}")
            return after_acknowledging(request.user, report.version, report.surface)

        return confirm(
            request,
            permission="uiengine_audits.change_auditreport",
            title=f"Acknowledge audit {pk}",
            text="The audit could not tell whether every slice of people is served alike. "
            "Your name stands for serving the version all the same.",
            form=WhyForm(posted(request)),
            act=act,
            back=reverse("admin:uiengine_audits_auditreport_change", args=[pk]),
        )

    def _report(self, request: HttpRequest, pk: int) -> AuditReport:
        if not self.has_view_permission(request):
            raise PermissionDenied(NEEDED)
        return get_object_or_404(AuditReport, pk=pk)

    @admin.display(description="Compared by")
    def compared_by(self, report: AuditReport) -> str:
        return ", ".join(report.attributes) or "nothing: nobody's attributes are known"

    @admin.display(description="Judged as served by")
    def served_by(self, report: AuditReport) -> str:
        has_book = "book" in report.report.get("beside", ())
        return "the engine, and a byte of the page's book" if has_book else "the engine"

    @admin.display(description="What to do now")
    def to_do(self, report: AuditReport) -> SafeString:
        return to_do(report)

    @admin.display(description="Report")
    def page(self, report: AuditReport) -> SafeString:
        address = reverse("admin:uiengine_audits_auditreport_page", args=[report.pk])
        frame = '<iframe class="report-page" src="{}" title="Audit report"></iframe>'
        return format_html(frame, address)


def _pair(choices: list[AuditReport], asked: list[AuditReport]) -> list[AuditReport]:
    """Returns the latest or the chosen report, and the one before it on its surface.

    Returns a single report where no surface has two.
    """
    for first in asked or choices:
        here = [r for r in choices if r.surface_id == first.surface_id and r != first]
        earlier = [r for r in here if r.created_at <= first.created_at]
        if other := (earlier or here[::-1])[:1]:
            return [first, *other]
    return (asked or choices)[:1]
