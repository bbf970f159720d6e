"""Views of the caller's stored data, consent and CSRF token, and of this process's health."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.layouts import serializers
from webapp.layouts.answer import throttles
from webapp.layouts.api.byte_cookies import bytes_forget
from webapp.layouts.api.schema import described
from webapp.layouts.api.views import (
    KEPT,
    PROBLEM,
    REFUSED,
    VARY,
    LayoutAPIView,
    key_of,
    no_subject,
)
from webapp.layouts.csrf import client_csrf
from webapp.layouts.errors.problem import CONTENT_TYPE, Problem
from webapp.privacy.erase import subject_erase
from webapp.privacy.export import subject_export
from webapp.serving import answer_counts
from webapp.serving.pages import serving
from webapp.subjects import backlog, keys
from webapp.subjects.authentication import identity_of
from webapp.subjects.models import Scope

MOST_AT_ONCE = 256 * 1024
"""Bytes of an export that is answered whole."""


class MeView(LayoutAPIView):
    scope = Scope.SUBJECTS_ADMIN
    reads_stored_data = True

    @described(operation_id="me_export", responses={200: dict, **REFUSED})
    def get(self, request: Request) -> HttpResponseBase:
        """All that is kept on the caller. A long history is sent as it is read."""
        throttles.refuse_over(request, "write")
        return _sent(request, subject_export(key=_known_key(request)))

    @described(
        operation_id="me_consent",
        request=serializers.ConsentIn,
        responses={204: None, **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """An anonymous visitor's consent: a first-party cookie from now on. Withdrawing it erases
        all that was kept of the visitor, and the cookie."""
        throttles.refuse_over(request, "write")
        consent = serializers.ConsentIn(data=request.data)
        consent.is_valid(raise_exception=True)
        response = Response(status=204)
        if not consent.validated_data["consent"]:
            if visitor := keys.visitor_read(request.COOKIES.get(keys.VISITOR_COOKIE, "")):
                subject_erase(key=visitor)
            response.delete_cookie(keys.VISITOR_COOKIE)
            bytes_forget(request, response)
        elif identity_of(request) is None:
            response.set_cookie(
                keys.VISITOR_COOKIE,
                keys.visitor_make()[1],
                max_age=keys.VISITOR_COOKIE_AGE,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        return response

    @described(operation_id="me_erase", responses={200: serializers.ErasedOut, **REFUSED})
    def delete(self, request: Request) -> Response:
        """Erases the caller's profile, events, decisions and attributes. Answers with the codebook
        versions that were trained with them, which are marked for retraining."""
        throttles.refuse_over(request, "write")
        trained = subject_erase(key=_known_key(request))
        body = {"erased": True, "trained_versions": [version.as_json() for version in trained]}
        response = Response(body, headers=_no_store())
        response.delete_cookie(keys.VISITOR_COOKIE)
        bytes_forget(request, response)
        return response


class CsrfView(LayoutAPIView):
    authentication_classes = ()

    @described(operation_id="csrf", auth=[], responses={200: serializers.CsrfOut})
    def get(self, request: Request) -> Response:
        """How a page of the same site sends the CSRF token with what a browser's session or cookie
        speaks for: wishes, consent, erasure."""
        return Response(client_csrf(request._request), headers=KEPT)


class HealthView(LayoutAPIView):
    authentication_classes = ()

    @described(
        operation_id="health",
        auth=[],
        responses={200: serializers.HealthOut, (503, CONTENT_TYPE): PROBLEM},
    )
    def get(self, request: Request) -> Response:
        """200 once a page can be served."""
        pages = serving.snapshot().pages
        if not pages:
            raise Problem(
                "no-page-yet",
                "There is no surface.",
                field="surfaces",
                value=0,
            )
        body = {
            "status": "ok",
            "surfaces": len(pages),
            "answers": answer_counts.counts(),
            "backlog": {"pending": backlog.pending(), "most": settings.UIENGINE_BACKLOG},
        }
        return Response(body, headers=_no_store())


def _sent(request: Request, pieces: Iterator[bytes]) -> HttpResponseBase:
    """Answers with the pieces: at once if they are few, or else as they are taken."""
    begun, size = [], 0
    for piece in pieces:
        begun.append(piece)
        size += len(piece)
        if size > MOST_AT_ONCE:
            break
    response: HttpResponseBase
    if size <= MOST_AT_ONCE:
        response = HttpResponse(b"".join(begun))
    else:
        rest = itertools.chain(begun, pieces)
        is_async = isinstance(request._request, ASGIRequest)
        response = StreamingHttpResponse(_taken_apart(rest) if is_async else rest)
    for name, value in {"Content-Type": "application/json", **_no_store()}.items():
        response[name] = value
    return response


async def _taken_apart(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces for an event loop, each taken in the thread of the request."""
    take = sync_to_async(lambda: next(pieces, b""))
    while piece := await take():
        yield piece


def _known_key(request: Request) -> str:
    if not (key := key_of(request)):
        raise no_subject()
    return key


def _no_store() -> dict[str, Any]:
    return {"Cache-Control": "no-store", "Vary": VARY}
