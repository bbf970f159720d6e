"""Every metric, in one place. Prometheus's client keeps them; with PROMETHEUS_MULTIPROC_DIR set it
keeps them in files that all processes of this machine share, and any of them can tell the sums."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.db.models import Count, Min
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector

from webapp import env

SECONDS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)
LONG = (0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0)
MOST_COUNTED = 10_000
if FOLDER := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    env.folder("PROMETHEUS_MULTIPROC_DIR", Path(FOLDER))  # the client does not, and then fails

REQUESTS = Counter(
    "uiengine_http_requests_total",
    "HTTP requests by view, method and status.",
    ("view", "method", "status"),
)
REQUEST_SECONDS = Histogram(
    "uiengine_http_request_seconds",
    "Seconds from a request's arrival in Django to its answer.",
    ("view",),
    buckets=SECONDS,
)
LAYOUTS = Counter(
    "uiengine_layouts_total",
    "Layouts answered, by what `layouts.counters` calls them; an answer may have two names.",
    ("answer",),
)
EVENTS = Counter(
    "uiengine_events_total", "Events received: accepted, duplicate or ignored.", ("outcome",)
)
REFUSALS = Counter(
    "uiengine_refusals_total", "Requests refused, by slug of the error catalogue.", ("kind",)
)
TASKS = Counter("uiengine_tasks_total", "Celery tasks ended, by name and state.", ("task", "state"))
TASK_SECONDS = Histogram(
    "uiengine_task_seconds", "Seconds that a Celery task took.", ("task",), buckets=LONG
)
ALL: tuple[MetricWrapperBase, ...] = (
    REQUESTS,
    REQUEST_SECONDS,
    LAYOUTS,
    EVENTS,
    REFUSALS,
    TASKS,
    TASK_SECONDS,
)


class Asked:
    """What is looked up when somebody asks: each a bounded query."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        yield GaugeMetricFamily(
            "uiengine_events_pending", f"Events not folded yet, counted up to {MOST_COUNTED}."
        )
        yield GaugeMetricFamily(
            "uiengine_events_oldest_seconds", "How long the oldest of them has waited."
        )
        yield GaugeMetricFamily("uiengine_surfaces", "Pages that this process can serve.")

    def collect(self) -> Iterator[GaugeMetricFamily]:
        from webapp.codebooks.serving import serving
        from webapp.subjects.models import Event

        pending = Event.objects.filter(fold=Event.Fold.PENDING).order_by()
        found = pending.values("received_at")[:MOST_COUNTED].aggregate(
            count=Count("received_at"), oldest=Min("received_at")
        )
        waited = datetime.now(UTC) - found["oldest"] if found["oldest"] else None
        values = (
            found["count"],
            max(waited.total_seconds(), 0.0) if waited else 0.0,
            len(serving.snapshot().pages),
        )
        for family, value in zip(self.describe(), values, strict=True):
            family.add_metric([], value)
            yield family


def as_text() -> bytes:
    """All of them in Prometheus's text format."""
    registry = CollectorRegistry()
    if FOLDER:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    registry.register(Asked())
    return generate_latest(registry)
