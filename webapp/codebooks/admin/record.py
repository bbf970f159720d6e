"""Admin pages of the record of alias moves, and of its check."""

from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.codebooks.models import AliasMove
from webapp.codebooks.registry.move_record import chain_check
from webapp.lib.admin_pages import link
from webapp.lib.read_only_admin import ReadOnlyAdmin

RECORD = "uiengine_codebooks.view_aliasmove"


@admin.register(AliasMove)
class AliasMoveAdmin(ReadOnlyAdmin):
    """The record of promotions, challenges and rollbacks, as a chain of hashes."""

    list_display = ("at", "moved", "by_name", "why", "hash")
    list_filter = ("surface", "name", "is_rollback")
    list_select_related = ("surface", "before", "after")
    list_display_links = ("at",)

    def get_urls(self) -> list[URLPattern]:
        name = "uiengine_codebooks_aliasmove_check"
        view = self.admin_site.admin_view(self.check_view)
        return [path("check/", view, name=name), *super().get_urls()]

    def check_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied(f"The record needs the permission {RECORD}.")
        found = chain_check()
        for problem in found.problems:
            messages.error(request, problem)
        if not found.problems:
            text = f"The chain of {found.rows} rows is whole. Its head is {found.head}."
            messages.success(request, text)
        return redirect(reverse("admin:uiengine_codebooks_aliasmove_changelist"))

    @admin.display(description="Moved")
    def moved(self, move: AliasMove) -> SafeString:
        """Links the surface and both versions; a surface that is gone is named alone."""
        where = link(move.surface, move.surface.slug) if move.surface else move.stated["surface"]
        before, after = (link(v, v) if v else "none" for v in (move.before, move.after))
        share = f" ({move.share} %)" if move.share else ""
        return format_html("{} of {}: {} → {}{}", move.name, where, before, after, share)

    @admin.display(description="Hash")
    def hash(self, move: AliasMove) -> SafeString:
        return format_html('<code title="{}">{}</code>', move.digest, move.digest[:8])
