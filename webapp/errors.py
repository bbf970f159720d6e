"""Renders error pages with the cause and the next step; the API's are in `layouts/errors`."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from webapp.layouts.errors.away_page import away_page


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(
        400,
        _("This request cannot be answered"),
        _("Its host name, a header or its form is not what this site takes."),
        _("Check the address, and that its host name is one of ALLOWED_HOSTS."),
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(
        403,
        _("You may not see this page"),
        str(exception) or _("Your account lacks a permission that it needs."),
        _("Sign in with another account, or ask whoever runs this site for the permission."),
    )


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(
        403,
        _("The form was not taken"),
        _("It came without the secret of the page that it stands on, or from another site."),
        _("Allow cookies for this site, load the page again, and send the form once more."),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(
        404,
        _("There is no such page"),
        _("There is nothing at {path}.").format(path=request.path[:200]),
        _("Check the address, or go on from one of the links above."),
    )


def failed(request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return away_page()
    return _page(
        500,
        _("The server failed"),
        _("Something that nobody foresaw; it is in the server’s log."),
        _("Try again; if it stays, tell whoever runs this site the X-Request-ID of this answer."),
    )


def _page(status: int, title: str, what: str, next_step: str) -> HttpResponse:
    """Renders without the request, as the session or another part of it may have failed."""
    context = {"title": title, "what": what, "next_step": next_step}
    return HttpResponse(render_to_string("uiengine_studio/error.html", context), status=status)
