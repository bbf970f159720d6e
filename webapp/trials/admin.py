"""Admin of trials: whether adapting helps people, compared with the control group.

That of rehearsals is registered by its import here, as Django looks into no other module.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString, mark_safe

from webapp.codebooks.admin.actions import SureForm, confirm, posted
from webapp.lib.read_only_admin import ReadOnlyAdmin
from webapp.trials.models import Trial, TrialLook
from webapp.trials.plot import looks_svg
from webapp.trials.rehearsals.admin import RehearsalAdmin
from webapp.trials.tasks import look

__all__ = ["RehearsalAdmin", "TrialAdmin"]
ASK = "uiengine_trials.add_triallook"
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
        figures = [
            {**row, "svg": mark_safe(looks_svg(_history(looks, row["name"])))}
            for row in last.figures["figures"]
        ]
        context = {
            "look": last,
            "found": last.figures,
            "figures": figures,
            "next": NEXT[TrialLook.Verdict(last.verdict)],
            "percent": trial.percent,
        }
        return render_to_string("uiengine_trials/found.html", context)


def _history(looks: list[TrialLook], name: str) -> list[tuple[int, dict[str, Any]]]:
    return [
        (look.number, row)
        for look in looks
        for row in look.figures["figures"]
        if row["name"] == name
    ]
