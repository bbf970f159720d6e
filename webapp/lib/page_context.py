"""What an admin page of a row shows besides its fields."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse


class PageContextAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Gives the template of a row's page more than its fields."""

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Returns what the page's template needs, by name."""
        return {}

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            context.update(self.page_context(request, obj))
        return super().render_change_form(request, context, add, change, form_url, obj)
