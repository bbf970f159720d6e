"""Admin of the gate's reports: its conditions, and their acknowledgement."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.codebooks.admin.churn_html import churn_html
from webapp.codebooks.admin.moves import acknowledge_gate
from webapp.codebooks.admin.next_steps import still_to_do
from webapp.codebooks.admin.wide_table import wide_table
from webapp.codebooks.models import GateReport
from webapp.lib.page_context import PageContextAdmin
from webapp.lib.read_only_admin import ReadOnlyAdmin


@admin.register(GateReport)
class GateReportAdmin(PageContextAdmin, ReadOnlyAdmin):
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

    def page_context(self, request: HttpRequest, row: GateReport) -> dict[str, Any]:
        """Says what else stands between the judged version and serving."""
        return {"left": still_to_do(request.user, row.version, row.surface)}

    def acknowledge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        report = get_object_or_404(GateReport, pk=pk)
        back = reverse("admin:uiengine_codebooks_gatereport_change", args=[pk])
        return acknowledge_gate(request, report, back)

    @admin.display(description="Conditions")
    def table(self, report: GateReport) -> SafeString:
        rows = (
            (
                *(c["name"], format_html("<b>{}</b>", c["verdict"]), figure_words(c["figure"])),
                *(c["limit"], c["unit"], c["text"]),
            )
            for c in report.conditions
        )
        heads = ("condition", "verdict", "figure", "limit", "of what", "meaning")
        return format_html(
            "{}<p class=help>Seconds are modelled, not measured.</p>{}",
            wide_table("Conditions", heads, rows),
            churn_html(report),
        )


def figure_words(value: Any) -> str:
    """Says a measured figure with four digits and its sign; None is unknown."""
    if value is None:
        return "unknown"
    return f"{value:+.4g}" if isinstance(value, float) else str(value)
