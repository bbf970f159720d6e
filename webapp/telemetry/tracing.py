"""Sends traces to a collector (OTLP over HTTP), by OpenTelemetry's instrumentation.

`layouts.apps` alone imports this, and only where a setting names a collector, so that requests
pay nothing without one. Only attributes in KEPT leave the process; the instrumentation would also
send URLs with queries, user agents, visitors' IPs and exception messages.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from celery import signals
from django.conf import settings
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.propagate import inject, set_global_textmap
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Link, Status
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes, AttributeValue

from webapp.telemetry import requests

KEPT = frozenset(
    {
        "request_id",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "url.scheme",
        "network.protocol.version",
        "error.type",
        "exception.type",
        "celery.task_name",
        "celery.state",
        "celery.retries",
        "messaging.message.id",
        "layout.surface",
        "layout.status",
        "layout.version",
        "layout.candidates",
    }
)
"""Attributes that may leave the process; none can identify a person."""
UNTRACED = "/health/,/metrics$"
OBSERVED = "webapp.telemetry.requests.observed"


class Spans(SpanProcessor):
    """Adds the request's id to each span, and exports only the attributes in KEPT.

    The exporting thread starts with the first ended span, so that in gunicorn and Celery it starts
    after the fork.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    @cached_property
    def _sender(self) -> BatchSpanProcessor:
        return BatchSpanProcessor(self._exporter)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if name := requests.current.get():
            span.set_attribute("request_id", name)

    def on_end(self, span: ReadableSpan) -> None:
        self._sender.on_end(_kept(span))

    def shutdown(self) -> None:
        if "_sender" in vars(self):
            self._sender.shutdown()  # type: ignore[no-untyped-call]


def start(endpoint: str) -> None:
    """Sends spans of this process and its forks to `endpoint`/v1/traces.

    Call it once, before Django builds its middleware.
    """
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")  # the stable names
    name = os.environ.get("OTEL_SERVICE_NAME") or "uiengine"
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(Spans(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    set_global_textmap(TraceContextTextMapPropagator())  # no baggage: clients can fill it
    place = [*settings.MIDDLEWARE, OBSERVED].index(OBSERVED) + 1
    DjangoInstrumentor().instrument(
        tracer_provider=provider,
        excluded_urls=UNTRACED,
        middleware_position=place if place <= len(settings.MIDDLEWARE) else 0,
    )
    _tasks(provider)
    requests.tracing.tracer = provider.get_tracer("webapp")


def _tasks(provider: TracerProvider) -> None:
    """Traces a task as part of the request that sent it.

    The instrumentation's handlers for publishing are disconnected: if the broker is unavailable,
    or the task is not imported here, their span never ends and adopts the thread's later requests.
    """
    celery = CeleryInstrumentor()  # type: ignore[no-untyped-call]
    celery.instrument(tracer_provider=provider)
    signals.before_task_publish.disconnect(celery._trace_before_publish)
    signals.after_task_publish.disconnect(celery._trace_after_publish)
    signals.before_task_publish.connect(_sent, weak=False, dispatch_uid="tracing.sent")

    def ends(**_: Any) -> None:
        provider.shutdown()  # Celery's processes end without running atexit handlers

    signals.worker_process_shutdown.connect(ends, weak=False, dispatch_uid="tracing.ends")


def _sent(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is not None:
        inject(headers)


def _kept(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,  # a URL pattern or a task name
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_allowed(span.attributes),
        events=[Event(e.name, _allowed(e.attributes), e.timestamp) for e in span.events],
        links=[Link(link.context) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),  # without the exception's text
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _allowed(attributes: Attributes) -> Mapping[str, AttributeValue]:
    return {name: value for name, value in (attributes or {}).items() if name in KEPT}
