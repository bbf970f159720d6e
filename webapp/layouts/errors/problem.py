"""Errors as RFC 9457 problem details: the mistake, its value, and the next step."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from math import isfinite
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest
from django.urls import reverse
from rest_framework import exceptions, status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from uiengine.errors import EngineError
from webapp.layouts.addresses import as_mounted
from webapp.layouts.errors.catalogue import KINDS, OF_FRAMEWORK, Kind
from webapp.telemetry.metrics import REFUSALS


class TooLarge(APIException):
    """length: bytes of the body, or None if the request does not say."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE

    def __init__(self, length: int | None = None) -> None:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        has = f"has {length} bytes" if length is not None else "is too large"
        super().__init__(f"The body {has}; this server takes {most} bytes.")
        self.length = length


def body_length(request: HttpRequest | Request | None) -> int | None:
    """The body's length in bytes from Content-Length, or None."""
    length = request.META.get("CONTENT_LENGTH") if request else None
    return int(length) if length and length.isdecimal() else None


log = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
ANSWERED = "uiengine.answered"
"""In a request's META: what a view of the API answered, whatever becomes of it in middleware."""
PAGE = "uiengine.page"
"""In a request's META: people read the answer, so what is refused is a page, too."""
SHOWN = 200
"""Maximum characters of a bad value that are sent back."""
AWAY = 5
"""Retry-After in seconds while the database is unavailable; a restart takes about as long."""
MOST_ERRORS = 10
"""Maximum mistakes listed per request."""


class Problem(exceptions.APIException):
    """A refused request. field: the wrong field; value: its value.

    mistakes: all of them if there can be several, this one first.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        field: str,
        value: object,
        next_step: str = "",
        wait: int = 0,
    ) -> None:
        """kind: a slug of `catalogue.KINDS`; wait: seconds, for Retry-After."""
        super().__init__(detail)
        self.kind = KINDS[kind]
        self.status_code = self.kind.status
        self.field = field
        self.value = value
        self.wait = wait
        self.next_step = next_step or self.kind.next_step
        self.mistakes: Sequence[Problem] = ()


def problem_response(error: Exception, context: dict[str, Any]) -> Response:
    """The exception handler of all API views."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        error = TooLarge(body_length(context.get("request")))
    set_rollback()
    headers = {"Cache-Control": "no-store"}  # a cache may keep a 404 by itself
    if isinstance(error, EngineError):
        body = _of_engine(error)
    elif isinstance(error, exceptions.APIException):
        request = context.get("request")
        is_field = isinstance(error, exceptions.ValidationError)
        body = _of_api(error, request.data if request and is_field else None)
        if challenge := getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = challenge
        if wait := getattr(error, "wait", None):
            headers["Retry-After"] = str(int(wait))
    elif isinstance(error, OperationalError | InterfaceError):
        log.error("api.database_away", exc_info=error)
        body = problem_body(KINDS["database-away"], "The database does not answer.")
        headers["Retry-After"] = str(AWAY)
    else:
        log.exception("api.failed", exc_info=error)
        body = problem_body(KINDS["failed"], "An unexpected error occurred.")
    REFUSALS.labels(body["type"].rpartition("#")[2]).inc()
    return Response(body, body["status"], headers=headers, content_type=CONTENT_TYPE)


def _of_engine(error: EngineError) -> dict[str, Any]:
    body = problem_body(KINDS["engine-refused"], f"{error.field}: {error.problem}.")
    return {
        **body,
        "field": error.field,
        "value": _short(error.value),
        "next_step": error.next_step,
    }


def _of_api(error: exceptions.APIException, data: Any = None) -> dict[str, Any]:
    if isinstance(error, Problem):
        body = problem_body(error.kind, str(error.detail))
        named = {
            "field": error.field,
            "value": _short(error.value),
            "next_step": as_mounted(error.next_step),
        }
        listed = [_listed(e.field, e.value, str(e.detail)) for e in error.mistakes]
        return {**body, **named, **({"errors": listed} if listed else {})}
    if isinstance(error, exceptions.ValidationError):
        found = islice(_mistakes(error.detail), MOST_ERRORS)
        listed = [_listed(field, _value(data, field), detail) for field, detail in found]
        first = listed[0]
        body = problem_body(KINDS["field-not-valid"], first["detail"])
        return {**body, "field": first["field"], "value": first["value"], "errors": listed}
    if isinstance(error, TooLarge):
        body = problem_body(KINDS["too-large"], str(error.detail))
        return {**body, "field": "body", "value": error.length}
    slug = next((slug for kind, slug in OF_FRAMEWORK.items() if isinstance(error, kind)), "failed")
    return problem_body(KINDS[slug], str(error.detail))


def problem_body(kind: Kind, detail: str) -> dict[str, Any]:
    return {
        "type": f"{reverse('uiengine_layouts:errors')}#{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "next_step": as_mounted(kind.next_step),
    }


def _listed(field: str, value: object, detail: str) -> dict[str, Any]:
    """An entry of `errors`, an extension that RFC 9457 shows as an example."""
    return {"field": field, "value": _short(value), "detail": detail}


def _mistakes(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """All mistakes in DRF's nested details, each as a path and a sentence."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _mistakes(inner, _below(path, name))
    elif isinstance(detail, list):
        for i, inner in enumerate(detail):
            is_nested = isinstance(inner, dict | list)
            yield from _mistakes(inner, f"{path}[{i}]" if is_nested else path)
    else:
        yield path, str(detail)


def _below(path: str, name: str | int) -> str:
    if isinstance(name, int):
        return f"{path}[{name}]"
    return path if name == api_settings.NON_FIELD_ERRORS_KEY else f"{path}.{name}".strip(".")


def _value(data: Any, path: str) -> Any:
    """The value at a path such as `events[3].block`, or None."""
    for part in re.findall(r"[^.\[\]]+", path):
        if isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            data = data.get(part) if isinstance(data, dict) else None
    return data


def _short(value: object) -> object:
    """The value itself if JSON can express it briefly, else as text (1e400 is read as infinity)."""
    is_plain = isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value))
    if value is None or (is_plain and len(repr(value)) <= SHOWN):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
