"""Defines every metric.

With PROMETHEUS_MULTIPROC_DIR set, Prometheus's client keeps them in files shared by all processes
of this machine, and any process can report the sums.
"""

from __future__ import annotations

from pathlib import Path

from prometheus_client import Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase

from webapp import env

SECONDS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)
LONG = (0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0)
FOLDER = env.text(
    "PROMETHEUS_MULTIPROC_DIR",
    unset="gunicorn: `VAR_DIR/metrics`; else counts stay in the process",
    allowed="a folder that this user can make or write",
    help="What the processes of this machine count for `/metrics`, best on a disk of memory.",
)
if FOLDER:
    env.folder("PROMETHEUS_MULTIPROC_DIR", Path(FOLDER))  # the client fails if it is missing

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
    "Layouts answered, by what `serving.answer_counts` calls them; an answer may have two names.",
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
