"""Turns every error under the API's addresses into problem details, and keeps pages with a
person's layout out of shared caches.

Views raise problems themselves. Django's own answers (unknown address, unsupported method, wrong
host name, server error) would be HTML, very long with DEBUG; here they become JSON for clients of
the API. Answers of a host's own views below the prefix are not changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.decorators import sync_and_async_middleware

from webapp.layouts.addresses import api_prefix
from webapp.layouts.errors.catalogue import KINDS, Kind
from webapp.layouts.errors.problem import CONTENT_TYPE, SHOWN, problem_body
from webapp.telemetry.metrics import REFUSALS

OF_STATUS = {
    403: KINDS["not-allowed"],
    404: KINDS["not-found"],
    405: KINDS["method-not-allowed"],
    413: KINDS["too-large"],
}
"""Kinds that follow from the status alone; other refusals are OTHER."""
OTHER = KINDS["request-refused"]
PRIVATE = "uiengine.private"
"""In a request's META: its page shows a person's layout."""
SPOKEN = (CONTENT_TYPE, "application/json")
"""Content types of the API's own views, whose errors are not changed."""


@sync_and_async_middleware
def api_problems(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware for errors and private pages; other answers cost it two comparisons."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            return _finished(request, await get_response(request))

        return later
    return lambda request: _finished(request, get_response(request))


def _finished(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if PRIVATE in request.META:
        patch_cache_control(response, private=True)
    if response.status_code < 400 or not request.path.startswith(api_prefix()):
        return response
    if response.headers.get("Content-Type", "").startswith(SPOKEN) or _is_of_others(request):
        return response
    return _problem(request, response)


def _is_of_others(request: HttpRequest) -> bool:
    """Returns True if a view outside the API answered; there may have been no view."""
    match = request.resolver_match
    return match is not None and "uiengine_layouts" not in match.app_names


def _problem(request: HttpRequest, given: HttpResponseBase) -> HttpResponse:
    status = given.status_code
    kind = KINDS["failed"] if status >= 500 else OF_STATUS.get(status, OTHER)
    REFUSALS.labels(kind.slug).inc()
    body = {**problem_body(kind, _detail(kind)), "status": status, **_named(request, status)}
    response = HttpResponse(json.dumps(body), status=status, content_type=CONTENT_TYPE)
    for name, value in given.headers.items():
        if name not in ("Content-Type", "Content-Length", "Content-Security-Policy"):
            response.headers[name] = value
    response.cookies = given.cookies
    patch_cache_control(response, no_store=True)
    return response


def _detail(kind: Kind) -> str:
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
