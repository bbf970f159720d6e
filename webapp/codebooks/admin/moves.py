"""Admin steps that change what serves: promote, roll back, challenge, acknowledge a gate."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from webapp.codebooks.admin.confirm import WhyForm, confirm, person, posted
from webapp.codebooks.admin.history import version_log
from webapp.codebooks.admin.next_steps import MOVE, after_acknowledging
from webapp.codebooks.gate.promotion import champion_return, gate_acknowledge
from webapp.codebooks.gate.rollout import challenger_end, challenger_set, promotion_ask, rollout_of
from webapp.codebooks.models import CodebookVersion, GateReport, Proposal
from webapp.codebooks.registry.aliases import champion_before
from webapp.lib.admin_pages import link
from webapp.surfaces.models import Surface


class RollbackForm(WhyForm):
    """Carries the champion seen when the form opened, so that a second submit rolls back no
    further."""

    champion = forms.IntegerField(widget=forms.HiddenInput)


class PromoteForm(WhyForm):
    surface = forms.ModelChoiceField(
        Surface.objects.none(), help_text="The page that this version should serve."
    )
    field_order: tuple[str, ...] = ("surface", "why")


class ChallengeForm(PromoteForm):
    share = forms.IntegerField(
        label="Percent of subjects", min_value=0, max_value=50, help_text="0: shadow."
    )
    field_order: tuple[str, ...] = ("surface", "share", "why")


def promote(request: HttpRequest, version: CodebookVersion, back: str) -> HttpResponse:
    form = PromoteForm(posted(request))
    _choose_surface(request, form, version)

    def act(data: dict[str, Any]) -> str:
        surface, by = data["surface"], person(request)
        done = promotion_ask(version=version, surface=surface, why=data["why"], by=by)
        if isinstance(done, Proposal):
            version_log(request, version, f"Proposed on {surface.slug}: {data['why']}", surface)
            return format_html(
                "Proposed. Somebody else has to promote {} as well.", link(version, version.name)
            )
        version_log(request, version, f"Promoted on {surface.slug}: {data['why']}", surface)
        if done is None:
            return f"{version.name} was champion of {surface} already. Nothing changed."
        says = "{} now serves {}. All processes see it within a second."
        return format_html(says, version.name, link(surface, surface))

    text = (
        "The version becomes champion: it arranges the page for everybody. "
        "The gate and its audit must have cleared it; rolling back is one move."
    )
    title = f"Promote {version.name}"
    return confirm(request, permission=MOVE, title=title, text=text, form=form, act=act, back=back)


def rollback(request: HttpRequest, surface: Surface, back: str) -> HttpResponse:
    def act(data: dict[str, Any]) -> str:
        seen = data["champion"]
        move = champion_return(
            surface=surface, why=data["why"], present_seen=seen, by=person(request)
        )
        assert move.after is not None
        version_log(request, move.after, f"Serves again on {surface.slug}: {data['why']}", surface)
        return format_html("{} serves {} again.", link(move.after, move.after), surface)

    title = f"Roll back {surface}"
    form, text = RollbackForm(posted(request)), "This surface has no champion."
    alias = surface.aliases.filter(name="champion").select_related("version").first()
    form.fields["champion"].required = alias is not None  # hidden: nobody could fill it in
    if alias:
        form.fields["champion"].initial = alias.version_id
        before = champion_before(surface, alias.version)
        text = f"{alias.version.name} serves now. " + (
            f"{before.name}, which served before it, will serve again."
            if before
            else "There is no earlier champion to go back to."
        )
    return confirm(request, permission=MOVE, title=title, text=text, form=form, act=act, back=back)


def challenge(request: HttpRequest, version: CodebookVersion, back: str) -> HttpResponse:
    """Shadow or canary, on one surface."""
    form = ChallengeForm(posted(request))
    _choose_surface(request, form, version)
    if not form.is_bound and (surface := form.fields["surface"].initial):
        form.fields["share"].initial = rollout_of(surface).canary_percent

    def act(data: dict[str, Any]) -> str:
        surface, share, by = data["surface"], data["share"], person(request)
        challenger_set(version=version, surface=surface, share=share, why=data["why"], by=by)
        version_log(
            request, version, f"Challenges on {surface.slug}, {share} %: {data['why']}", surface
        )
        what = f"serves {share} % of subjects of" if share else "decides in the shadow of"
        says = "{} {} {}. All processes see it within a second."
        return format_html(says, version.name, what, link(surface, surface))

    text = (
        "In the shadow it decides beside the champion and serves nobody; as a canary it serves a "
        "share of the subjects, always the same ones, who see it from their next visit on."
    )
    title = f"Challenge with {version.name}"
    return confirm(request, permission=MOVE, title=title, text=text, form=form, act=act, back=back)


def end_challenge(request: HttpRequest, surface: Surface, back: str) -> HttpResponse:
    def act(data: dict[str, Any]) -> str:
        move = challenger_end(surface=surface, why=data["why"], by=person(request))
        assert move.before is not None
        version_log(
            request, move.before, f"No more challenger on {surface.slug}: {data['why']}", surface
        )
        return f"The champion serves everybody on {surface} again."

    form = WhyForm(posted(request))
    text = "The shadow or canary ends; the champion serves everybody."
    title = f"End the challenge on {surface}"
    return confirm(request, permission=MOVE, title=title, text=text, form=form, act=act, back=back)


def acknowledge_gate(request: HttpRequest, report: GateReport, back: str) -> HttpResponse:
    def act(data: dict[str, Any]) -> str:
        name = person(request).get_username()
        gate_acknowledge(report=report, name=name, why=data["why"])
        version_log(request, report.version, f"Acknowledged gate {report.pk}: {data['why']}")
        return after_acknowledging(request.user, report.version, report.surface)

    form = WhyForm(posted(request))
    text = "The gate could not tell. Your name stands for serving the version all the same."
    title = f"Acknowledge gate {report.pk}"
    return confirm(request, permission=MOVE, title=title, text=text, form=form, act=act, back=back)


def _choose_surface(request: HttpRequest, form: forms.Form, version: CodebookVersion) -> None:
    """Offers the surfaces that the version was trained for; all of them for an innate version.

    The surface that the address names is chosen already.
    """
    field = form.fields["surface"]
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = version.surfaces.all() or Surface.objects.all()
    asked = request.GET.get("surface", "")
    named = field.queryset.filter(pk=asked) if asked.isdecimal() else field.queryset.none()
    if field.queryset.count() == 1 or named:
        field.initial = (named or field.queryset).get()
