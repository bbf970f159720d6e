"""Who may open a page of the studio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

View = Callable[..., HttpResponse]
SEES_PEOPLE = "subjects.view_profile"
"""The permission to look at one person; auditors see aggregates and do without it."""


def needs(*permissions: str) -> Callable[[View], View]:
    """A page of the admin, for staff with all of these permissions."""

    def guarded(view: View) -> View:
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            for permission in permissions:
                if not request.user.has_perm(permission):
                    raise PermissionDenied(f"This page needs the permission {permission}.")
            return view(request, *args, **kwargs)

        inner.__name__, inner.__doc__ = view.__name__, view.__doc__
        wrapped: View = admin.site.admin_view(inner)
        return wrapped

    return guarded


def page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    """A page with the admin's header and navigation."""
    shared = admin.site.each_context(request)
    return TemplateResponse(request, f"studio/{template}", {**shared, "title": title, **context})
