"""The CSRF token for the client's wishes, by the host's settings."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token


def client_csrf(request: HttpRequest) -> dict[str, str]:
    """Returns the data with which the client sends the CSRF token; sets the cookie, too.

    token: the request's; header: the one Django reads it from; cookie: its name if scripts may read
    it, which follows a sign-in in another tab, or empty.
    """
    is_read = not (settings.CSRF_USE_SESSIONS or settings.CSRF_COOKIE_HTTPONLY)
    return {
        "cookie": settings.CSRF_COOKIE_NAME if is_read else "",
        "header": settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-"),
        "token": get_token(request),
    }
