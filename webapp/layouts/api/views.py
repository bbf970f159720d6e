"""Layouts, events and feedback of the API. Views parse, call one function and serialise."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import inf
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.transaction import non_atomic_requests
from django.http import HttpResponse, QueryDict
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.authentication import BaseAuthentication
from rest_framework.metadata import SimpleMetadata
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import DEFAULTS, IMPORT_STRINGS, APISettings
from rest_framework.views import APIView

from webapp.layouts import serializers
from webapp.layouts.answer import read, throttles
from webapp.layouts.answer.held import with_held
from webapp.layouts.api import layout_serializers
from webapp.layouts.api.negotiation import AlwaysTheSame
from webapp.layouts.api.openapi_examples import (
    COUNTED_EXAMPLE,
    EVENTS_EXAMPLE,
    FEEDBACK_EXAMPLE,
    LAYOUT_EXAMPLE,
    PROBLEM_EXAMPLE,
)
from webapp.layouts.api.parsers import BoundedJSONParser
from webapp.layouts.api.schema import OwnSchema, described
from webapp.layouts.errors.problem import ANSWERED, CONTENT_TYPE, Problem, problem_response
from webapp.layouts.events.accept import backlog_refuse, batch_accept, decision_read
from webapp.layouts.events.parse import batch_read
from webapp.layouts.events.resize import resize_check
from webapp.layouts.events.undo import undo_check
from webapp.lib.times import utc_now
from webapp.postgres.patience import patience, watches
from webapp.postgres.patience import seconds as database_seconds
from webapp.serving.pages import Page, serving
from webapp.subjects.authentication import SubjectAuthentication, identity_of
from webapp.subjects.events import Counted
from webapp.subjects.models import Scope
from webapp.telemetry.metrics import EVENTS

PROBLEM = OpenApiResponse(serializers.ProblemOut, "Problem details (RFC 9457).")
REFUSED = {(status, CONTENT_TYPE): PROBLEM for status in (400, 401, 403, 413, 415, 429, 503)}
MOST_VARIANTS = 8
USUAL = 256
"""Maximum characters of a query string whose parsed form is cached."""
VARY = "Authorization, Cookie, X-Subject"
KEPT = {"Cache-Control": "private, no-cache", "Vary": VARY}
SUBJECT = OpenApiParameter(
    "X-Subject", str, OpenApiParameter.HEADER, description="With a server key: whose it is."
)


class OwnJSONRenderer(JSONRenderer):
    ensure_ascii, compact, strict = False, True, True


_RENDERER = OwnJSONRenderer()


class LayoutResponse(HttpResponse):
    """after: called by the server once it has sent the response."""

    after: Callable[[], None] | None = None

    def close(self) -> None:
        super().close()
        if self.after:
            self.after()


class LayoutAPIView(APIView):
    """Base of all API views.

    How they parse, render and refuse is independent of the host's REST_FRAMEWORK setting: each
    attribute that REST framework takes from there has a value of its own.
    """

    settings = APISettings(DEFAULTS, DEFAULTS, IMPORT_STRINGS)
    schema = OwnSchema()
    metadata_class = SimpleMetadata
    versioning_class = None

    authentication_classes: Sequence[type[BaseAuthentication]] = (SubjectAuthentication,)
    permission_classes = (AllowAny,)
    throttle_classes = ()
    renderer_classes = (OwnJSONRenderer,)
    parser_classes = (BoundedJSONParser,)
    content_negotiation_class = AlwaysTheSame
    always_answers = False
    """Waits for the database UIENGINE_DATABASE_MS in all, and serves callers that only the database
    could prove (`Identity.is_proved`)."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Exempts the view from the host's ATOMIC_REQUESTS.

        Writes must be visible to this request and other processes before the answer, so they have
        their own transactions.
        """
        view = super().as_view(**initkwargs)
        for name in connections:
            view = non_atomic_requests(name)(view)
        return view

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticates; there is one renderer and no versioning, and views throttle themselves.

        A method that the address does not support is refused before authentication.
        """
        request.accepted_renderer = _RENDERER
        request.accepted_media_type = _RENDERER.media_type
        if not hasattr(self, (request.method or "").lower()):
            self.http_method_not_allowed(request)
        self.perform_authentication(request)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        watches.begin()
        with patience(database_seconds() if self.always_answers else inf):
            answered = super().dispatch(request, *args, **kwargs)
        request.META[ANSWERED] = answered
        return answered

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        return problem_response


class LayoutView(LayoutAPIView):
    scope = Scope.LAYOUT_READ
    always_answers = True

    @described(
        operation_id="layout",
        parameters=[
            OpenApiParameter("surface", str, required=True),
            OpenApiParameter(
                "variants",
                {"type": "integer", "minimum": 1, "maximum": MOST_VARIANTS, "default": 1},
                description="List so many of the best distinct layouts, for previews and "
                "experiments of your own. A page that shows one sends events with its `decision`.",
            ),
            SUBJECT,
        ],
        examples=[LAYOUT_EXAMPLE],
        responses={
            200: layout_serializers.LayoutOut,
            304: OpenApiResponse(description="If-None-Match names what would be sent."),
            **{(status, CONTENT_TYPE): PROBLEM for status in (400, 401, 403, 404)},
        },
    )
    def get(self, request: Request) -> HttpResponse:
        """The layout of a page for its caller. Always a layout: the default one if need be."""
        query = request.META.get("QUERY_STRING", "")
        slug, variants = (_asked if len(query) < USUAL else _asked.__wrapped__)(query)
        page, identity, count = page_named(slug), identity_of(request), _variants(variants)
        key, times = (identity.key, identity.erasures or 0) if identity else ("", 0)
        if identity and not identity.is_proved:
            unread = read.fallback(key=key, page=page, why="failed", times_erased=times)
            return HttpResponse(unread.body, content_type="application/json", headers=KEPT)
        known = request.META.get("HTTP_IF_NONE_MATCH", "")
        has_any = known.strip() == "*"
        answer = read.layout_read(
            key=key,
            page=page,
            now=utc_now(),
            known="" if has_any else known,
            variants=count,
            limits=throttles.limits(request, "layout"),
            times_erased=times,
        )
        is_known = answer.is_known or (has_any and bool(answer.etag))
        response = LayoutResponse(
            b"" if is_known else answer.body,
            status=304 if is_known else 200,
            content_type="application/json",
            headers={"ETag": answer.etag, **KEPT} if answer.etag else KEPT,
        )
        response.after = answer.after
        return response


class EventsView(LayoutAPIView):
    is_proved_by_decision = True
    scope = Scope.EVENTS_WRITE

    @described(
        operation_id="events",
        request=serializers.BatchIn,
        examples=[EVENTS_EXAMPLE, COUNTED_EXAMPLE, PROBLEM_EXAMPLE],
        responses={202: serializers.BatchOut, **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Takes a batch of events; on disk before the answer. If in doubt, send it again."""
        throttles.refuse_over(request, "write")
        backlog_refuse()
        decision, arrivals = batch_read(request.data)
        throttles.refuse_over(request, "events", by=len(arrivals))
        counted = batch_accept(
            identity=identity_of(request), decision=decision, arrivals=arrivals, now=utc_now()
        )
        body = outcomes(counted, len(arrivals))
        for outcome, number in body.items():
            EVENTS.labels(outcome).inc(number)
        return Response(body, status=202)


class FeedbackView(LayoutAPIView):
    scope = Scope.EVENTS_WRITE

    @described(
        operation_id="feedback",
        request=serializers.FeedbackIn,
        examples=[FEEDBACK_EXAMPLE, PROBLEM_EXAMPLE],
        responses={
            200: layout_serializers.FeedbackOut,
            202: serializers.BatchOut,
            **REFUSED,
            (409, CONTENT_TYPE): PROBLEM,
        },
    )
    def post(self, request: Request) -> HttpResponse:
        """Pin, unpin, move, undo, freeze, plain or reset: acts at once; answers with the layout.

        Where the layout says `sizes`, `resize` gives a block a size at a breakpoint, within its
        limits; it stays until `reset`.

        Where the layout says `put_away`, fold, put_away, bring_back and decline do so too: `fold`
        leaves a block's title, `put_away` takes it into `tray`, `bring_back` ends both, `decline`
        refuses the `suggestion` for good.
        `plain` chooses the order without profiling, which learns nothing, and `on: false` ends it.
        Where a rule holds a block elsewhere than was asked, `held` names the rule.
        A server key that may not read layouts is answered with 202 and counts.
        """
        throttles.refuse_over(request, "write")
        wish = serializers.FeedbackIn(data=request.data)
        wish.is_valid(raise_exception=True)
        asked, now, identity = wish.validated_data, utc_now(), identity_of(request)
        served = decision_read(asked["decision"])
        if asked["type"] == "undo":
            key, page = key_of(request), page_named(served.surface)
            undo_check(key=key, page=page, served=served, event_id=asked["id"], now=now)
        if asked["type"] == "resize":
            resize_check(page_named(served.surface).surface, asked["breakpoint"])
        counted = batch_accept(
            identity=identity,
            decision=asked["decision"],
            arrivals=[serializers.arrival(asked)],
            now=now,
            field="",
        )
        if counted is None:
            raise no_subject()
        if identity and identity.server_key and Scope.LAYOUT_READ not in identity.scopes:
            return Response(outcomes(counted, 1), status=202, headers={"Cache-Control": "no-store"})
        page = page_named(served.surface)
        answer = read.layout_read(key=key_of(request), page=page, now=utc_now())
        answer.finish()
        moved = asked if asked["type"] in ("move", "pin") else {}
        body = with_held(answer.body, page.surface, moved.get("block", ""), moved.get("rank"))
        return HttpResponse(body, content_type="application/json", headers=KEPT)


def outcomes(counted: Counted | None, sent: int) -> dict[str, int]:
    return {
        "accepted": counted.accepted if counted else 0,
        "duplicate": counted.duplicate if counted else 0,
        "ignored": sent - (counted.accepted + counted.duplicate if counted else 0),
    }


@lru_cache(maxsize=256)
def _asked(query: str) -> tuple[str, str]:
    """Parses surface and variants from a query string; pages repeat few of them, so it is
    cached."""
    found = QueryDict(query.encode("latin-1"))  # as WSGI gives it
    return found.get("surface", ""), found.get("variants", "1")


def _variants(text: str) -> int:
    if text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST_VARIANTS:
        return int(text[:9])
    raise Problem(
        "variants-out-of-range",
        f"`variants` is {text!r}, and 1 to {MOST_VARIANTS} can be listed.",
        field="variants",
        value=text,
        next_step=f"Ask for 1 to {MOST_VARIANTS}, or leave the parameter out.",
    )


def page_named(slug: str) -> Page:
    page = serving.page(slug) if slug else None
    if page is not None:
        return page
    known = ", ".join(itertools.islice(serving.snapshot().pages, 10)) if settings.DEBUG else ""
    raise Problem(
        "surface-unknown" if slug else "surface-missing",
        f"No surface is called {slug!r}." if slug else "The parameter `surface` is missing.",
        field="surface",
        value=slug,
        next_step=f"Name one of: {known}." if known else "Name a surface of the admin's list.",
    )


def key_of(request: Request) -> str:
    identity = identity_of(request)
    return identity.key if identity else ""


def no_subject() -> Problem:
    return Problem(
        "nobody-to-do-this-for",
        "The request is nobody's: without a user or consent nothing is kept.",
        field="Authorization",
        value="",
    )
