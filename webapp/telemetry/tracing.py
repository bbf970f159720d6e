"""Traces for a collector (OTLP over HTTP), made by OpenTelemetry's own packages.

`layouts.apps` alone imports this, and only where a setting names a collector: without one no
request passes a line of it. What leaves the process is listed in KEPT; the instrumentation would
also send addresses with their queries, browsers, visitors' IPs, and the texts of exceptions.
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
"""Attributes that may leave: none of them can hold what names a person."""
UNTRACED = "/health/,/metrics$"
OBSERVED = "webapp.telemetry.requests.observed"


class Spans(SpanProcessor):
    """Gives each span the id of its request, and sends of it what is in KEPT.

    The thread that sends is started with the first span that ends: in gunicorn's and Celery's
    processes that is after the fork.
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
    """From now on this process, and those it forks, sends its spans to `endpoint`/v1/traces.

    Call it once, before Django builds its middleware.
    """
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")  # the names that will stay
    name = os.environ.get("OTEL_SERVICE_NAME") or "uiengine"
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(Spans(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    set_global_textmap(TraceContextTextMapPropagator())  # no baggage: a stranger may fill it
    place = [*settings.MIDDLEWARE, OBSERVED].index(OBSERVED) + 1
    DjangoInstrumentor().instrument(
        tracer_provider=provider,
        excluded_urls=UNTRACED,
        middleware_position=place if place <= len(settings.MIDDLEWARE) else 0,
    )
    _tasks(provider)
    requests.tracing.tracer = provider.get_tracer("webapp")


def _tasks(provider: TracerProvider) -> None:
    """A task is a part of the trace of the request that sent it.

    The sending half of the instrumentation is left out: where the broker is away, or the task is
    not imported here, its span never ends, and later requests of the thread become parts of it.
    """
    celery = CeleryInstrumentor()  # type: ignore[no-untyped-call]
    celery.instrument(tracer_provider=provider)
    signals.before_task_publish.disconnect(celery._trace_before_publish)
    signals.after_task_publish.disconnect(celery._trace_after_publish)
    signals.before_task_publish.connect(_sent, weak=False, dispatch_uid="tracing.sent")

    def ends(**_: Any) -> None:
        provider.shutdown()  # Celery's processes end without what is registered for the exit

    signals.worker_process_shutdown.connect(ends, weak=False, dispatch_uid="tracing.ends")


def _sent(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is not None:
        inject(headers)


def _kept(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,  # the pattern of an address, or the name of a task
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_allowed(span.attributes),
        events=[Event(e.name, _allowed(e.attributes), e.timestamp) for e in span.events],
        links=[Link(link.context) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),  # its description is an exception's text
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _allowed(attributes: Attributes) -> Mapping[str, AttributeValue]:
    return {name: value for name, value in (attributes or {}).items() if name in KEPT}
