"""Request ids for log lines, responses and tasks; metrics and spans of both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from time import perf_counter
from typing import Any, Protocol
from uuid import uuid4

from asgiref.sync import iscoroutinefunction
from celery import signals
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch
from django.utils.decorators import sync_and_async_middleware

from webapp.telemetry import metrics

HEADER = "X-Request-ID"
TASK_HEADER = "request_id"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
current: ContextVar[str] = ContextVar("request_id", default="")


class Span(Protocol):
    def set_attributes(self, attributes: Mapping[str, Any]) -> None: ...


class Tracer(Protocol):
    def start_as_current_span(self, name: str) -> AbstractContextManager[Span]: ...


class Tracing:
    """Holds the process's tracer; no spans are sent until `tracing.start` sets it."""

    tracer: Tracer | None = None

    def span(self, name: str) -> AbstractContextManager[Span | None]:
        """Opens a span for a step of the request; yields None where no collector is configured."""
        return self.tracer.start_as_current_span(name) if self.tracer else nullcontext()


tracing = Tracing()


@sync_and_async_middleware
def observed(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware that accepts or creates the request's id, and counts requests and seconds."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponse:
            with _named(request) as finish:
                return finish(await get_response(request))

        return later

    def answer(request: HttpRequest) -> HttpResponse:
        with _named(request) as finish:
            return finish(get_response(request))

    return answer


@contextmanager
def _named(request: HttpRequest) -> Iterator[Callable[[HttpResponse], HttpResponse]]:
    """Sets the request's id for log lines; yields what names and counts the response."""
    given = request.headers.get(HEADER, "")
    name = given if ACCEPTED.fullmatch(given) else uuid4().hex
    token, started = current.set(name), perf_counter()
    request.request_id = name  # type: ignore[attr-defined]

    def finish(response: HttpResponse) -> HttpResponse:
        response.headers[HEADER] = name
        match = request.resolver_match
        route = _route(match) if match else "none"
        method = request.method if request.method in METHODS else "other"
        metrics.REQUESTS.labels(route, method, response.status_code).inc()
        metrics.REQUEST_SECONDS.labels(route).observe(perf_counter() - started)
        return response

    try:
        yield finish
    finally:
        current.reset(token)


def _route(match: ResolverMatch) -> str:
    """Returns a pattern, never a URL; ours without the label's prefix, as in metrics of before."""
    return (match.view_name or match.route).removeprefix("uiengine_")


_started: ContextVar[float] = ContextVar("task_started", default=0.0)


def connect_tasks() -> None:
    """Passes the request's id to the tasks it sends, and counts tasks."""
    signals.before_task_publish.connect(_sent, weak=False, dispatch_uid="observability.sent")
    signals.task_prerun.connect(_begins, weak=False, dispatch_uid="observability.begins")
    signals.task_postrun.connect(_ended, weak=False, dispatch_uid="observability.ended")


def _sent(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is not None and current.get():
        headers[TASK_HEADER] = current.get()


def _begins(task_id: str, task: Any, **_: Any) -> None:
    """Sets the id of the request that sent the task; tasks from beat or a command use their own."""
    if not task.request.called_directly and not task.request.is_eager:
        current.set(getattr(task.request, TASK_HEADER, None) or task_id)
    _started.set(perf_counter())


def _ended(task: Any, state: str | None = None, **_: Any) -> None:
    metrics.TASKS.labels(task.name, (state or "unknown").lower()).inc()
    metrics.TASK_SECONDS.labels(task.name).observe(perf_counter() - _started.get())
    if not task.request.called_directly and not task.request.is_eager:
        current.set("")
