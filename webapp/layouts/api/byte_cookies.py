"""Cookies by which a public page places itself: a person's byte, and that of their next visit.

The first ends with the visit, so a page reads it, or else the second. Scripts read both.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.urls import get_script_prefix
from rest_framework.request import Request

from webapp.layouts.answer.token import Token
from webapp.lib.times import utc_now
from webapp.subjects import keys
from webapp.subjects.authentication import Identity

BYTE, NEXT = "layout_byte_", "layout_next_"
"""Beginnings of the names, before the surface's slug."""


def bytes_keep(
    response: HttpResponse, identity: Identity, token: Token, slug: str, gap: int
) -> None:
    """Sets both for a signed-in user or a visitor who consented. gap: ms that end a visit."""
    left = min(token.until - int(utc_now().timestamp()), gap // 1000)
    longest = keys.VISITOR_COOKIE_AGE if identity.kind == "visitor" else settings.SESSION_COOKIE_AGE
    _set(response, BYTE + slug, token.text, max(left, 1))
    _set(response, NEXT + slug, token.next, longest)


def bytes_forget(request: Request, response: HttpResponse, slug: str = "") -> None:
    """Deletes those that the request has, of one surface or of all."""
    for name in request.COOKIES:
        if name in (BYTE + slug, NEXT + slug) or (not slug and name.startswith((BYTE, NEXT))):
            response.delete_cookie(name, path=get_script_prefix(), samesite="Lax")


def _set(response: HttpResponse, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=get_script_prefix(),
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
