"""Admin actions on versions and surfaces: each asks for confirmation, and most for a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from uiengine.errors import EngineError
from webapp.codebooks.admin.next_steps import MOVE, after_acknowledging, way_on
from webapp.codebooks.gate.clearance import BlockedError
from webapp.codebooks.gate.promotion import champion_return, gate_acknowledge
from webapp.codebooks.gate.rollout import challenger_end, challenger_set, promotion_ask, rollout_of
from webapp.codebooks.models import CodebookVersion, GateReport, Pipeline, Proposal, Run
from webapp.codebooks.pipeline.enqueue import run_enqueue
from webapp.codebooks.pipeline.lease import run_request
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.codebooks.registry.aliases import champion_before
from webapp.lib.admin_pages import link
from webapp.surfaces.models import Surface

ASK = "uiengine_codebooks.add_run"
"""Audits, and the gate's judgement."""
RETRAIN = "uiengine_codebooks.add_pipeline"
"""New versions: retrain and refresh."""

Act = Callable[[dict[str, Any]], str]
"""Does what was confirmed and returns the sentence to show; raises ValueError with one."""


class WhyForm(forms.Form):
    why = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept in the record with your name and the time.",
    )


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


class SureForm(forms.Form):
    """An empty form; the button confirms."""


def confirm(
    request: HttpRequest,
    *,
    permission: str,
    title: str,
    text: str,
    form: forms.Form,
    act: Act,
    back: str,
) -> HttpResponse:
    """Shows what will happen; a POST does it, reports the result, and returns to `back`."""
    if not request.user.has_perm(permission):
        raise PermissionDenied(f"{title}: this needs the permission {permission}.")
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, act(form.cleaned_data))
            return redirect(back)
        except BlockedError as error:
            ways = [way_on(request.user, str(error.value), blocker) for blocker in error.blockers]
            form.add_error(None, [ValidationError(way) for way in ways])
        except EngineError as error:
            form.add_error(None, f"{error.field} {error.value}: {error.problem}. {error.next_step}")
        except ValueError as error:
            form.add_error(None, error.args[0])
    context = {
        **admin.site.each_context(request),
        "title": title,
        "text": text,
        "form": form,
        "back": back,
    }
    return TemplateResponse(request, "uiengine_codebooks/confirm.html", context)


def posted(request: HttpRequest) -> QueryDict | None:
    """Returns the submitted data, even if empty; None where the form was only opened."""
    return request.POST if request.method == "POST" else None


def person(request: HttpRequest) -> AbstractBaseUser:
    assert isinstance(request.user, AbstractBaseUser)
    return request.user


def promote(request: HttpRequest, version: CodebookVersion, back: str) -> HttpResponse:
    form = PromoteForm(posted(request))
    _choose_surface(request, form, version)

    def act(data: dict[str, Any]) -> str:
        surface, by = data["surface"], person(request)
        done = promotion_ask(version=version, surface=surface, why=data["why"], by=by)
        if isinstance(done, Proposal):
            _log(request, version, f"Proposed on {surface.slug}: {data['why']}", surface)
            return format_html(
                "Proposed. Somebody else has to promote {} as well.", link(version, version.name)
            )
        _log(request, version, f"Promoted on {surface.slug}: {data['why']}", surface)
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
        _log(request, move.after, f"Serves again on {surface.slug}: {data['why']}", surface)
        return format_html("{} serves {} again.", link(move.after, move.after), surface)

    title = f"Roll back {surface}"
    form, text = RollbackForm(posted(request)), "This surface has no champion."
    if alias := surface.aliases.filter(name="champion").select_related("version").first():
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
        _log(request, version, f"Challenges on {surface.slug}, {share} %: {data['why']}", surface)
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
        _log(request, move.before, f"No more challenger on {surface.slug}: {data['why']}", surface)
        return f"The champion serves everybody on {surface} again."

    form = WhyForm(posted(request))
    text = "The shadow or canary ends; the champion serves everybody."
    title = f"End the challenge on {surface}"
    return confirm(request, permission=MOVE, title=title, text=text, form=form, act=act, back=back)


def acknowledge_gate(request: HttpRequest, report: GateReport, back: str) -> HttpResponse:
    def act(data: dict[str, Any]) -> str:
        name = person(request).get_username()
        gate_acknowledge(report=report, name=name, why=data["why"])
        _log(request, report.version, f"Acknowledged gate {report.pk}: {data['why']}")
        return after_acknowledging(request.user, report.version, report.surface)

    form = WhyForm(posted(request))
    text = "The gate could not tell. Your name stands for serving the version all the same."
    title = f"Acknowledge gate {report.pk}"
    return confirm(request, permission=MOVE, title=title, text=text, form=form, act=act, back=back)


def ask_audit(
    request: HttpRequest, surface: Surface, back: str, version: CodebookVersion | None = None
) -> HttpResponse:
    """Requests an audit from the workers, unless one is under way."""

    def act(data: dict[str, Any]) -> str:
        name = person(request).get_username()
        kind = Run.Kind.AUDIT
        run, is_new = run_request(kind=kind, surface=surface, version=version, by=name)
        if is_new:
            run_enqueue(run)
            return format_html("Asked for {}, which shows its progress.", _run(run))
        told = (_run(run), run.state, f"{run.progress:.0%}")
        return format_html("{} is under way already ({}, {}).", *told)

    about = f" of {version.name}" if version else ""
    title = f"Audit now{about}: {surface}"
    text = "Replays the stored visits and compares slices of people."
    form = SureForm(posted(request))
    return confirm(request, permission=ASK, title=title, text=text, form=form, act=act, back=back)


def ask(
    request: HttpRequest,
    kind: Pipeline.Kind,
    surface: Surface,
    back: str,
    version: CodebookVersion | None = None,
) -> HttpResponse:
    """Requests a pipeline from the workers; a surface has one at a time."""

    def act(data: dict[str, Any]) -> str:
        name = person(request).get_username()
        line, is_new = pipeline_request(kind=kind, surface=surface, version=version, by=name)
        if is_new:
            _log_surface(request, surface, f"Asked for a {line.kind} (pipeline {line.pk}).")
            return format_html("Asked for {}, which shows its progress.", _line(line))
        says = "{} has a {} under way already ({}, asked for by {}). Wait for it."
        raise ValueError(
            format_html(says, surface.slug, line.kind, _line(line), line.asked_by or "the schedule")
        )

    rule = rollout_of(surface).get_after_gate_display().lower()
    texts = {
        Pipeline.Kind.RETRAIN: "Trains a version from stored visits, audits and judges it. "
        f"If it meets all conditions of the gate: {rule}.",
        Pipeline.Kind.REFRESH: "A few hundred steps from the champion, on people of late who are "
        f"balanced over slices; then the same gate. If it passes: {rule}.",
        Pipeline.Kind.JUDGE: "Replays held-back visits, audits, and judges by the gate's four "
        "conditions. Nothing is promoted.",
    }
    about = f" {version.name}" if version else ""
    title = f"{kind.label} now:{about} {surface}"
    form = SureForm(posted(request))
    needed = ASK if kind == Pipeline.Kind.JUDGE else RETRAIN
    return confirm(
        request, permission=needed, title=title, text=texts[kind], form=form, act=act, back=back
    )


def _run(run: Run) -> SafeString:
    return link(run, f"run {run.pk}")


def _line(line: Pipeline) -> SafeString:
    return link(line, f"pipeline {line.pk}")


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


def _log(
    request: HttpRequest, version: CodebookVersion, message: str, surface: Surface | None = None
) -> None:
    """Writes to the admin's history of the version and of the surface."""
    admin.site.get_model_admin(CodebookVersion).log_change(request, version, message)
    if surface is not None:
        _log_surface(request, surface, f"{version.name}: {message}")


def _log_surface(request: HttpRequest, surface: Surface, message: str) -> None:
    admin.site.get_model_admin(Surface).log_change(request, surface, message)
