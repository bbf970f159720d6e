"""Gauges that are queried on each scrape, and the text of all metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from django.db.models import Count, Min
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from webapp.telemetry import metric_files, metrics

MOST_COUNTED = 10_000


class Asked:
    """Collector that runs its queries on each scrape; each query is bounded."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        yield GaugeMetricFamily(
            "uiengine_events_pending", f"Events not folded yet, counted up to {MOST_COUNTED}."
        )
        yield GaugeMetricFamily(
            "uiengine_events_oldest_seconds", "How long the oldest of them has waited."
        )
        yield GaugeMetricFamily("uiengine_surfaces", "Pages that this process can serve.")

    def collect(self) -> Iterator[GaugeMetricFamily]:
        from webapp.serving.pages import serving
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
    """Renders all metrics in Prometheus's text format."""
    registry = CollectorRegistry()
    if metrics.FOLDER:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    registry.register(Asked())
    with metric_files.reading(Path(metrics.FOLDER)) if metrics.FOLDER else nullcontext():
        return generate_latest(registry)
