"""Permissions and page frame of the studio's pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse

View = Callable[..., HttpResponseBase]
SEES_PEOPLE = "uiengine_subjects.view_profile"
"""Permission to look at one person; auditors lack it, as they see only aggregates."""


def needs(*permissions: str) -> Callable[[View], View]:
    """Restricts an admin page to staff with all of these permissions."""

    def guarded(view: View) -> View:
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            for permission in permissions:
                if not request.user.has_perm(permission):
                    raise PermissionDenied(f"This page needs the permission {permission}.")
            return view(request, *args, **kwargs)

        inner.__name__, inner.__doc__ = view.__name__, view.__doc__
        wrapped: View = admin.site.admin_view(inner)
        return wrapped

    return guarded


def page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    """Renders a page with the admin's header and navigation."""
    shared = admin.site.each_context(request)
    return TemplateResponse(
        request, f"uiengine_studio/{template}", {**shared, "title": title, **context}
    )
