"""Admin page of a surface, with its versions and buttons for promotion, training and audits.

Replaces the plain page that `webapp.surfaces` registers.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.codebooks.admin.asks import ask_audit, ask_pipeline
from webapp.codebooks.admin.moves import end_challenge, rollback
from webapp.codebooks.models import Alias, Pipeline
from webapp.codebooks.registry.aliases import champion_before
from webapp.lib.admin_pages import link
from webapp.lib.page_context import PageContextAdmin
from webapp.surfaces.admin import EDITED, SurfaceAdmin
from webapp.surfaces.models import Surface

admin.site.unregister(Surface)


@admin.register(Surface)
class ServedSurfaceAdmin(PageContextAdmin, SurfaceAdmin):
    list_display = ("slug", "title", "mode", "revision", "blocks", "champion", "updated_at")
    readonly_fields = ("revision", "champion", "challenger", "preview")
    fieldsets = (
        (None, {"fields": (*EDITED, "revision", "champion", "challenger")}),
        *SurfaceAdmin.fieldsets[1:],
    )

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "uiengine_surfaces_surface"
        return [
            path("<int:pk>/rollback/", view(self.rollback_view), name=f"{name}_rollback"),
            path("<int:pk>/retrain/", view(self.retrain_view), name=f"{name}_retrain"),
            path("<int:pk>/refresh/", view(self.refresh_view), name=f"{name}_refresh"),
            path("<int:pk>/audit/", view(self.audit_view), name=f"{name}_audit"),
            path("<int:pk>/unchallenge/", view(self.end_view), name=f"{name}_unchallenge"),
            *super().get_urls(),
        ]

    def page_context(self, request: HttpRequest, row: Surface) -> dict[str, Any]:
        """Offers rollback and the end of a challenge only if they are possible."""
        champion = row.aliases.filter(name=Alias.Name.CHAMPION).select_related("version").first()
        return {
            "may_roll_back": champion and champion_before(row, champion.version),
            "is_challenged": row.aliases.filter(name=Alias.Name.CHALLENGER).exists(),
        }

    def rollback_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return rollback(request, get_object_or_404(Surface, pk=pk), _page(pk))

    def retrain_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        surface = get_object_or_404(Surface, pk=pk)
        return ask_pipeline(request, Pipeline.Kind.RETRAIN, surface, _page(pk))

    def refresh_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        surface = get_object_or_404(Surface, pk=pk)
        return ask_pipeline(request, Pipeline.Kind.REFRESH, surface, _page(pk))

    def audit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return ask_audit(request, get_object_or_404(Surface, pk=pk), _page(pk))

    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return end_challenge(request, get_object_or_404(Surface, pk=pk), _page(pk))

    @admin.display(description="Champion")
    def champion(self, surface: Surface) -> SafeString | str:
        alias = surface.aliases.filter(name=Alias.Name.CHAMPION).select_related("version").first()
        if alias is None:
            return (
                "none: the default layout is served. On the server, manage.py load_fixtures "
                "--no-cohort stores the shipped version, which serves until one is trained."
            )
        return link(alias.version, alias.version)

    @admin.display(description="Challenger")
    def challenger(self, surface: Surface) -> SafeString | str:
        rows = surface.aliases.filter(name=Alias.Name.CHALLENGER)
        alias = rows.select_related("version").first()
        if alias is None:
            return "none"
        where = f"serves {alias.share} % of subjects" if alias.share else "in the shadow"
        return format_html("{}, {}", link(alias.version, alias.version), where)


def _page(pk: int) -> str:
    return reverse("admin:uiengine_surfaces_surface_change", args=[pk])
