"""Books, which are public, and each person's byte, which is not."""

from __future__ import annotations

import gzip
import json

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request

from uiengine.behaviour.days import day_end, day_of
from webapp.layouts.answer import throttles
from webapp.layouts.answer.token import ENGINE, Token, token_read
from webapp.layouts.api import book_serializers
from webapp.layouts.api.byte_cookies import bytes_forget, bytes_keep
from webapp.layouts.api.schema import described
from webapp.layouts.api.views import PROBLEM, SUBJECT, VARY, LayoutAPIView, page_named
from webapp.layouts.errors.middleware import PUBLIC
from webapp.layouts.errors.problem import CONTENT_TYPE, Problem
from webapp.lib.times import to_milliseconds, utc_now
from webapp.serving.books import books
from webapp.subjects.authentication import identity_of
from webapp.subjects.models import Scope

FOREVER = "public, max-age=31536000, immutable"
UNKNOWN = {(404, CONTENT_TYPE): PROBLEM}


class BookView(LayoutAPIView):
    authentication_classes = ()

    @described(
        operation_id="book",
        auth=[],
        responses={
            200: book_serializers.BookOut,
            304: OpenApiResponse(description="If-None-Match names the book."),
            **UNKNOWN,
        },
    )
    def get(self, request: Request, surface: str, name: str) -> HttpResponse:
        """A page's layouts of a day, the same for everybody. It never changes."""
        book = books.asked_for(name)
        if book is None or book.surface != surface:
            raise _no_book(name)
        request._request.META[PUBLIC] = True
        etag = f'"{book.hash}"'
        headers = {"Cache-Control": FOREVER, "ETag": etag, "Vary": "Accept-Encoding"}
        if etag in request.META.get("HTTP_IF_NONE_MATCH", ""):
            return HttpResponse(status=304, headers=headers)
        body, is_packed = book.body, "gzip" in request.META.get("HTTP_ACCEPT_ENCODING", "")
        if is_packed:
            headers["Content-Encoding"] = "gzip"
        else:
            body = gzip.decompress(body)
        return HttpResponse(body, content_type="application/json", headers=headers)


class TodayView(LayoutAPIView):
    authentication_classes = ()

    @described(
        operation_id="book_today", auth=[], responses={200: book_serializers.TodayOut, **UNKNOWN}
    )
    def get(self, request: Request, surface: str) -> HttpResponse:
        """The name of the page's present book, and until when it is today's."""
        page = page_named(surface)
        milliseconds, zone = to_milliseconds(utc_now()), page.surface.zone
        book = books.of_page(page, day_of(milliseconds, zone))
        if book is None:
            raise Problem(
                "book-unknown",
                f"The page {surface!r} has no book now.",
                field="path",
                value=surface,
                next_step="Show the default order. A worker makes a live page's book in a minute.",
            )
        request._request.META[PUBLIC] = True
        body = {"book": book.hash, "until": day_end(milliseconds, zone) // 1000}
        return HttpResponse(
            json.dumps(body),
            content_type="application/json",
            headers={"Cache-Control": "public, max-age=60"},
        )


class TokenView(LayoutAPIView):
    scope = Scope.LAYOUT_READ
    always_answers = True

    @described(
        operation_id="token",
        parameters=[OpenApiParameter("surface", str, required=True), SUBJECT],
        responses={
            200: book_serializers.TokenOut,
            **{(status, CONTENT_TYPE): PROBLEM for status in (400, 401, 403, 404)},
        },
    )
    def get(self, request: Request) -> HttpResponse:
        """The caller's byte on a page, or that the engine serves them. At most 200 bytes.

        Events carry byte, book, visit and signature, joined by dots, as their `decision`. In a
        browser it is also a cookie.
        """
        page, identity = page_named(request.GET.get("surface", "")), identity_of(request)
        slug, now = page.surface.slug, utc_now()
        is_known = identity is None or identity.is_proved
        key = identity.key if identity else ""
        limits = throttles.limits(request, "layout")
        token = token_read(key=key, page=page, now=now, limits=limits, is_known=is_known)
        headers = {"Cache-Control": "private, no-store", "Vary": VARY}
        response = HttpResponse(_body(token), content_type="application/json", headers=headers)
        if token.is_sure and identity and identity.is_browser:
            bytes_keep(response, identity, token, slug, page.gap)
        elif token.is_sure and identity is None:
            bytes_forget(request, response, slug)
        return response


def _body(token: Token) -> bytes:
    said: dict[str, str | int] = {"served": ENGINE, "visit": token.visit}
    if token.text != ENGINE:
        byte, book, visit, signature = token.text.split(".")
        said = {"byte": int(byte), "book": book, "visit": visit, "signature": signature}
    return json.dumps({**said, "until": token.until}, separators=(",", ":")).encode()


def _no_book(value: str) -> Problem:
    return Problem(
        "book-unknown",
        f"There is no book of that name: {value!r}.",
        field="path",
        value=value,
    )
