"""Admin of goals: what a team declares for a page before a trial counts it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from webapp.lib.times import utc_now
from webapp.surfaces.models import Goal
from webapp.trials.goals.plan import (
    LEAST_EFFECT,
    MOST_EFFECT,
    Plan,
    PlanError,
    goal_plan,
    in_words,
)
from webapp.trials.models import Trial

DECLARED = (
    *("surface", "name", "title", "unit", "better", "place"),
    *("most", "window_days", "planned_people"),
)
LATER = (
    "{trial} began before this goal was declared, so it shows the goal without an interval or "
    "verdict, as not declared before. The next trial compares by it: begin another one there."
)


class PlanForm(forms.Form):
    effect = forms.FloatField(
        label="Effect in percent",
        min_value=LEAST_EFFECT,
        max_value=MOST_EFFECT,
        help_text="The smallest change of the goal's mean per person that matters to you, in "
        "percent of it.",
    )


@admin.register(Goal)
class GoalAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("title", "surface", "name", "place", "better", "counted", "held_since")
    list_filter = ("surface",)
    list_select_related = ("surface",)
    fields = (*DECLARED, "declared_at", "held_since", "counted")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.plan_view)
        return [
            path("<int:pk>/plan/", view, name="uiengine_surfaces_goal_plan"),
            *super().get_urls(),
        ]

    def plan_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Says how many people and days a trial of this goal needs. Saves nothing."""
        if not self.has_view_permission(request):
            raise PermissionDenied("Plans need uiengine_surfaces.view_goal.")
        goal = get_object_or_404(Goal.objects.select_related("surface"), pk=pk)
        form, plan = PlanForm(request.GET or None), None
        if form.is_valid():
            plan = _planned(goal, form)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Plan a trial: {goal}",
            "goal": goal,
            "form": form,
            "plan": plan,
            "told": in_words(plan) if plan else "",
        }
        return TemplateResponse(request, "uiengine_trials/plan.html", context)

    def get_readonly_fields(self, request: HttpRequest, obj: Goal | None = None) -> Any:
        """A goal keeps its name and page: events were counted under them."""
        kept = ("declared_at", "held_since", "counted")
        return (*kept, "surface", "name") if obj else kept

    def has_change_permission(self, request: HttpRequest, obj: Goal | None = None) -> bool:
        return _is_free(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Goal | None = None) -> bool:
        return _is_free(obj) and super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Refuses the list's action for goals that a trial counts, and lists no single events."""
        held = [str(goal) for goal in objs if goal.held_since]
        told = [f"{goal}, with its {goal.events.count()} events" for goal in objs]
        return told, {"goals": len(told)}, set(), [f"{name} (a trial counts it)" for name in held]

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for goal in queryset:
            goal.delete()

    def save_model(self, request: HttpRequest, obj: Goal, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        running = Trial.objects.filter(surface=obj.surface, ended_at=None).first()
        if running is not None:
            messages.warning(request, LATER.format(trial=running))

    @admin.display(description="Events counted")
    def counted(self, goal: Goal) -> int:
        return goal.events.count()


def _planned(goal: Goal, form: PlanForm) -> Plan | None:
    """The plan, or None with the reason in the form."""
    try:
        return goal_plan(goal=goal, effect_percent=form.cleaned_data["effect"], now=utc_now())
    except PlanError as error:
        form.add_error(None, str(error))
        return None


def _is_free(goal: Goal | None) -> bool:
    """Whether no trial under way counts the goal, which then must stay as it was declared."""
    return goal is None or goal.held_since is None
