"""Admin of how a surface rolls versions out, and of what the live guard and a shadow saw."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from webapp.codebooks.admin.confirm import person
from webapp.codebooks.admin.gate_reports import figure_words
from webapp.codebooks.admin.next_steps import MOVE
from webapp.codebooks.models import (
    Agreement,
    GuardWindow,
    Rollout,
)
from webapp.lib.read_only_admin import ReadOnlyAdmin


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
            name = person(request).get_username()
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
        return ", ".join(f"{name} {figure_words(value)}" for name, value in window.figures.items())


@admin.register(Agreement)
class AgreementAdmin(ReadOnlyAdmin):
    """Comparisons of a challenger's decisions with the champion's."""

    list_display = ("until", "surface", "challenger", "champion", "decisions", "same", "moved")
    list_filter = ("surface",)
    list_select_related = ("surface", "challenger", "champion")
