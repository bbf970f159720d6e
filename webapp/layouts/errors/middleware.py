"""Turns every error under the API's addresses into problem details, keeps what a view answered, and
keeps pages with a person's layout out of shared caches.

Views raise problems themselves. Django's own answers (unknown address, unsupported method, wrong
host name, server error) would be HTML, very long with DEBUG; here they become JSON for clients of
the API. Answers of a host's own views below the prefix are not changed.

Middleware between this one and the view may need the database or the cache, as sessions that are
saved with every request do. Where it fails, the view's answer stands; a layout that was not asked
for yet is asked for without it.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from functools import lru_cache
from math import inf
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, resolve, reverse
from django.utils.cache import patch_cache_control
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import get_language

from webapp.layouts.addresses import api_prefix
from webapp.layouts.errors.away_page import away_page
from webapp.layouts.errors.catalogue import KINDS, Kind
from webapp.layouts.errors.problem import ANSWERED, CONTENT_TYPE, PAGE, SHOWN, problem_body
from webapp.layouts.errors.problem import AWAY as RETRY_AFTER
from webapp.postgres.patience import patience, watches
from webapp.postgres.patience import seconds as database_seconds
from webapp.telemetry.metrics import REFUSALS

log = logging.getLogger(__name__)
R = TypeVar("R", bound=HttpResponseBase)

OF_STATUS = {
    403: KINDS["not-allowed"],
    404: KINDS["not-found"],
    405: KINDS["method-not-allowed"],
    413: KINDS["too-large"],
}
"""Kinds that follow from the status alone; other refusals are OTHER."""
OTHER = KINDS["request-refused"]
OF_BODY = ("Content-Type", "Content-Length")
OURS = "uiengine_"
RAISED = "uiengine.raised"
"""In a request's META: something raised an exception that nobody caught."""
AWAY = "uiengine.database_away"
"""In a request's META: something that nobody caught missed the database."""
PRIVATE = "uiengine.private"
"""In a request's META: its page shows a person's layout."""
PUBLIC = "uiengine.public"
"""In a request's META: the answer is the same for everybody, in every language."""
PERSONAL = ("cookie", "accept-language")
SPOKEN = (CONTENT_TYPE, "application/json")
"""Content types of the API's own views, whose errors are not changed."""


@sync_and_async_middleware
def api_problems(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware for errors and private pages; other answers cost it a few comparisons."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            with patience(_hurry(request)):
                response = await get_response(request)
                if response.status_code < 400:
                    return _finished(request, response)
                return await sync_to_async(_mended)(request, response)

        return later

    def answer(request: HttpRequest) -> HttpResponseBase:
        with patience(_hurry(request)):
            return _mended(request, get_response(request))

    return answer


def _hurry(request: HttpRequest) -> float:
    """Seconds that the whole request may wait for the database."""
    watches.begin()
    return database_seconds() if _is_layout(request) else inf


def _is_layout(request: HttpRequest) -> bool:
    if request.method != "GET" or not request.path.endswith("layout"):
        return False
    try:
        urlconf = get_urlconf() or settings.ROOT_URLCONF
        return request.path == _layout_path(get_script_prefix(), urlconf, get_language())
    except NoReverseMatch:
        return False


@lru_cache(maxsize=64)
def _layout_path(prefix: str, urlconf: object, language: str | None) -> str:
    """prefix, urlconf, language: the state that `reverse` depends on, as the cache's key."""
    return reverse("uiengine_layouts:layout")


def note_raised(request: HttpRequest | None = None, **_: Any) -> None:
    """Receives Django's signal of an exception that nobody caught."""
    if request is None:
        return
    request.META[RAISED] = True
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        request.META[AWAY] = True


def _mended(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code == 400 or response.status_code >= 500:
        answered: HttpResponseBase | None = request.META.get(ANSWERED)
        if answered is None and RAISED in request.META:
            answered = _asked_alone(request)
        if answered is not None and answered is not response:
            log.warning("api.answered_all_the_same", extra={"status": response.status_code})
            return _finished(request, _with_headers(answered, response))
        if _is_admin_page(request) and not settings.DEBUG:
            return _with_headers(away_page(), response, is_page=True)
    return _finished(request, response)


def _asked_alone(request: HttpRequest) -> HttpResponseBase | None:
    """The layout without what stands before its view; None for other addresses."""
    if not _is_layout(request):
        return None
    try:
        match = resolve(request.path_info)
        request.resolver_match = match
        response: Any = match.func(request, *match.args, **match.kwargs)
        rendered: HttpResponseBase = getattr(response, "render", lambda: response)()
    except Exception:
        log.exception("api.not_answered")
        return None
    return rendered


def _is_admin_page(request: HttpRequest) -> bool:
    """Whether the database was missed by a page of ours in an admin, perhaps a host's."""
    match = request.resolver_match if AWAY in request.META else None
    return match is not None and OURS in f"{match.app_names} {match.url_name}"


def _finished(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if PRIVATE in request.META:
        patch_cache_control(response, private=True)
    if PUBLIC in request.META:
        _same_for_all(response)
    if response.status_code < 400 or not request.path.startswith(api_prefix()):
        return response
    if response.headers.get("Content-Type", "").startswith(SPOKEN) or _is_of_others(request):
        return response
    if PAGE in request.META:
        return response
    return _problem(request, response)


def _same_for_all(response: HttpResponseBase) -> None:
    """Takes back what middleware adds because it looked at cookies or languages."""
    named = [name.strip() for name in response.headers.get("Vary", "").split(",")]
    kept = [name for name in named if name and name.lower() not in PERSONAL]
    for header in ("Vary", "Content-Language"):
        response.headers.pop(header, None)
    if kept:
        response.headers["Vary"] = ", ".join(kept)


def _is_of_others(request: HttpRequest) -> bool:
    """Returns True if a view outside the API answered; there may have been no view."""
    match = request.resolver_match
    return match is not None and "uiengine_layouts" not in match.app_names


def _problem(request: HttpRequest, given: HttpResponseBase) -> HttpResponse:
    status = given.status_code
    kind = KINDS["failed"] if status >= 500 else OF_STATUS.get(status, OTHER)
    if AWAY in request.META:
        kind, status = KINDS["database-away"], KINDS["database-away"].status
    REFUSALS.labels(kind.slug).inc()
    body = {**problem_body(kind, _detail(kind)), "status": status, **_named(request, status)}
    response = HttpResponse(json.dumps(body), status=status, content_type=CONTENT_TYPE)
    if AWAY in request.META:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    _with_headers(response, given)
    response.cookies = given.cookies
    patch_cache_control(response, no_store=True)
    return response


def _with_headers(response: R, given: HttpResponseBase, is_page: bool = False) -> R:
    """Adds what the middleware around put on the answer that this one replaces."""
    for name, value in given.headers.items():
        if name not in OF_BODY and (is_page or name != "Content-Security-Policy"):
            response.headers.setdefault(name, value)
    return response


def _detail(kind: Kind) -> str:
    if kind.slug == "database-away":
        return "The database does not answer."
    return "An unexpected error occurred." if kind.status >= 500 else f"{kind.title}."


def _named(request: HttpRequest, status: int) -> dict[str, str]:
    """The wrong field and its value, if they are known."""
    try:
        request.get_host()
    except DisallowedHost:
        return {"field": "Host", "value": request.META.get("HTTP_HOST", "")[:SHOWN]}
    if status == 404:
        return {"field": "path", "value": request.path[:SHOWN]}
    if status == 405:
        return {"field": "method", "value": (request.method or "")[:SHOWN]}
    return {}
