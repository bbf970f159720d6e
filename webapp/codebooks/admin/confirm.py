"""Asks for confirmation before an admin step, and most steps for a reason."""

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

from uiengine.errors import EngineError
from webapp.codebooks.admin.next_steps import way_on
from webapp.codebooks.gate.clearance import BlockedError

Act = Callable[[dict[str, Any]], str]
"""Does what was confirmed and returns the sentence to show; raises ValueError with one."""


class WhyForm(forms.Form):
    why = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept in the record with your name and the time.",
    )


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
