"""Admin of trials: whether adapting helps people, compared with the control group.

Those of goals and rehearsals are registered by their import here, as Django looks into no other
module.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString, mark_safe

from webapp.codebooks.admin.confirm import SureForm, confirm, posted
from webapp.lib.read_only_admin import ReadOnlyAdmin
from webapp.lib.times import utc_now
from webapp.trials.goals.admin import GoalAdmin
from webapp.trials.goals.words import HEADS, goals_told, primary
from webapp.trials.models import Trial, TrialLook
from webapp.trials.plot import looks_svg
from webapp.trials.rehearsals.admin import RehearsalAdmin
from webapp.trials.services import trial_renew
from webapp.trials.tasks import look

__all__ = ["GoalAdmin", "RehearsalAdmin", "TrialAdmin"]
ASK = "uiengine_trials.add_triallook"
RENEW = "uiengine_surfaces.change_surface"
"""Who may change the control share, which begins another trial, too."""
NEXT = {
    TrialLook.Verdict.HELP: "Adapting saves time, and this holds however often one looked. You may "
    "lower the control share, or keep it to go on measuring.",
    TrialLook.Verdict.HARM: "A figure is worse than without adapting, beyond its tolerance. Set "
    "the surface's mode to off (seen by all processes within a second) or roll its champion back, "
    "and find out why.",
    TrialLook.Verdict.GO_ON: "Neither help nor harm is shown yet. Leave the control share as it "
    "is: changing it begins another trial.",
    TrialLook.Verdict.TOO_FEW: "Each group needs 100 people before anything is concluded. Wait, "
    "or raise the control share (which begins another trial).",
}


@admin.register(Trial)
class TrialAdmin(ReadOnlyAdmin):
    list_display = ("surface", "control", "started_at", "ended_at", "looks_taken", "verdict")
    list_filter = ("surface",)
    list_select_related = ("surface",)
    fields = ("surface", "control", "started_at", "ended_at", "looks_taken", "verdict", "found")
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "uiengine_trials_trial"
        return [
            path("<int:pk>/look/", view(self.look_view), name=f"{name}_look"),
            path("<int:pk>/renew/", view(self.renew_view), name=f"{name}_renew"),
            *super().get_urls(),
        ]

    def look_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        trial = get_object_or_404(Trial.objects.select_related("surface"), pk=pk)

        def act(_: dict[str, Any]) -> str:
            look.delay(trial.surface_id)
            return "Asked for a look. It is here once a worker has taken it."

        return confirm(
            request,
            permission=ASK,
            title=f"Look now: {trial}",
            text="A worker compares the groups on all visits of the trial. Every look spends a "
            "share of the allowed error: the intervals of later looks become a little wider.",
            form=SureForm(posted(request)),
            act=act,
            back=reverse("admin:uiengine_trials_trial_change", args=[pk]),
        )

    def renew_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        trial = get_object_or_404(Trial.objects.select_related("surface"), pk=pk)

        def act(_: dict[str, Any]) -> str:
            following = trial_renew(trial=trial, now=utc_now())
            counted = ", ".join(goal["title"] for goal in following.goals) or "no goal"
            return f"Another trial has begun. It counts {counted}."

        return confirm(
            request,
            permission=RENEW,
            title=f"End this trial and begin another: {trial}",
            text="The next trial counts the goals that are declared now, from now on, and they "
            "cannot be changed until it ends. What was found here stays, and each trial has its "
            "own error of 5 %: whoever begins many finds something in one.",
            form=SureForm(posted(request)),
            act=act,
            back=reverse("admin:uiengine_trials_trial_changelist"),
        )

    @admin.display(description="Control share")
    def control(self, trial: Trial) -> str:
        return f"{trial.percent} %"

    @admin.display(description="Looks")
    def looks_taken(self, trial: Trial) -> int:
        return trial.looks.count()

    @admin.display(description="Verdict")
    def verdict(self, trial: Trial) -> str:
        last = trial.looks.last()
        return last.get_verdict_display() if last else "no look yet"

    @admin.display(description="Found")
    def found(self, trial: Trial) -> SafeString | str:
        looks = list(trial.looks.all())
        if not looks:
            return "Nobody has looked yet: workers look every night, or ask for a look above."
        last = looks[-1]
        figures = [_drawn(looks, "figures", row) for row in last.figures["figures"]]
        goals = [_drawn(looks, "goals", row) for row in last.figures.get("goals", ())]
        context = {
            "look": last,
            "found": last.figures,
            "figures": figures,
            "goals": goals_told(goals),
            "primary": primary(goals, last.verdict),
            "goal_heads": HEADS,
            "earlier": Trial.objects.filter(
                surface=trial.surface, started_at__lt=trial.started_at
            ).count(),
            "next": NEXT[TrialLook.Verdict(last.verdict)],
            "percent": trial.percent,
        }
        return render_to_string("uiengine_trials/found.html", context)


def _drawn(looks: list[TrialLook], part: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row with its plot over the looks. part: `figures` or, in looks since then, `goals`."""
    return {**row, "svg": mark_safe(looks_svg(_history(looks, part, row["name"])))}


def _history(looks: list[TrialLook], part: str, name: str) -> list[tuple[int, dict[str, Any]]]:
    return [
        (look.number, row)
        for look in looks
        for row in look.figures.get(part, ())
        if row["name"] == name
    ]
