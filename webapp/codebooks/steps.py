"""Steps of a version's life, from the admin: each asks once more, and why, before it acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from uiengine.errors import EngineError
from webapp.surfaces.models import Surface

from .gate import champion_return, champion_set
from .models import CodebookVersion, Run
from .runs import run_request
from .tasks import run_enqueue

MOVE = "codebooks.change_alias"
ASK = "codebooks.add_run"

Act = Callable[[dict[str, Any]], str]


class WhyForm(forms.Form):
    why = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept in the record with your name and the time.",
    )


class PromoteForm(WhyForm):
    surface = forms.ModelChoiceField(
        Surface.objects.none(), help_text="The page that this version should serve."
    )
    field_order = ("surface", "why")


class SureForm(forms.Form):
    """Nothing to fill in: the button is the answer."""


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
    """The second step: shows what will happen; a POST does it, says what it did, and goes back."""
    if not request.user.has_perm(permission):
        raise PermissionDenied(f"{title}: this needs the permission {permission}.")
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, act(form.cleaned_data))
            return redirect(back)
        except (EngineError, ValueError) as error:
            form.add_error(None, str(error))
    context = {
        **admin.site.each_context(request),
        "title": title,
        "text": text,
        "form": form,
        "back": back,
    }
    return TemplateResponse(request, "codebooks/confirm.html", context)


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent, though it be empty; None where the form is only looked at."""
    return request.POST if request.method == "POST" else None


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def promote(request: HttpRequest, version: CodebookVersion, back: str) -> HttpResponse:
    form = PromoteForm(posted(request))
    field = form.fields["surface"]
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = version.surfaces.all() or Surface.objects.all()
    if field.queryset.count() == 1:
        field.initial = field.queryset.get()

    def act(data: dict[str, Any]) -> str:
        surface, by = data["surface"], person(request)
        move = champion_set(version=version, surface=surface, why=data["why"], by=by)
        _log(request, version, f"Promoted on {surface.slug}: {data['why']}")
        if move is None:
            return f"{version.name} was champion of {surface} already. Nothing changed."
        return f"{version.name} now serves {surface}. All processes see it within a second."

    text = (
        "The version becomes champion: it arranges the page for everybody. "
        "It must have been audited; rolling back is one move."
    )
    title = f"Promote {version.name}"
    return confirm(request, permission=MOVE, title=title, text=text, form=form, act=act, back=back)


def rollback(request: HttpRequest, surface: Surface, back: str) -> HttpResponse:
    def act(data: dict[str, Any]) -> str:
        move = champion_return(surface=surface, why=data["why"], by=person(request))
        _log(request, move.after, f"Rolled back to, on {surface.slug}: {data['why']}")
        return f"{move.after.name} serves {surface} again."

    text = "The version that served before the present champion serves again."
    title = f"Roll back {surface}"
    form = WhyForm(posted(request))
    return confirm(request, permission=MOVE, title=title, text=text, form=form, act=act, back=back)


def ask(
    request: HttpRequest,
    kind: Run.Kind,
    surface: Surface,
    back: str,
    version: CodebookVersion | None = None,
) -> HttpResponse:
    """Asks the workers for a retrain or an audit; one that is under way is not asked for twice."""

    def act(data: dict[str, Any]) -> str:
        name = person(request).get_username()
        run, is_new = run_request(kind=kind, surface=surface, version=version, by=name)
        if is_new:
            run_enqueue(run)
            return f"Asked for run {run.pk}. Its progress is under Runs."
        return f"Run {run.pk} is under way already ({run.state}, {run.progress:.0%})."

    texts = {
        Run.Kind.RETRAIN: "Trains a version from stored visits. It serves nobody until promoted.",
        Run.Kind.AUDIT: "Replays the stored visits and compares slices of people.",
    }
    about = f" of {version.name}" if version else ""
    title = f"{kind.label} now{about}: {surface}"
    form = SureForm(posted(request))
    return confirm(
        request, permission=ASK, title=title, text=texts[kind], form=form, act=act, back=back
    )


def _log(request: HttpRequest, version: CodebookVersion, message: str) -> None:
    admin.site.get_model_admin(CodebookVersion).log_change(request, version, message)
