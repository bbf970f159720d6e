"""A collector receives traces of the Procfile's processes; without one nothing is traced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, StatusCode

from tests.webapp.deploy.place import ROOT, Place
from tests.webapp.observability.collector import Collected, collecting, told
from webapp.telemetry import tracing

ASKED, SENT, NAME = "asked-by-the-test", "sent-by-the-test", "anna-of-the-test"
UPSTREAM = "0af7651916cd43dd8448eb211c80319c"
"""A trace that a proxy in front started."""
SERVED = """
import sys
import django; django.setup()
from django.test import Client
from webapp.telemetry import requests
client = Client()
answer = client.get("/api/layout?surface=course-home")
assert answer.status_code == 200, answer.content
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    var = tmp_path_factory.mktemp("traced")
    load = "python manage.py load_fixtures --no-cohort"
    Place(var, {}).run(f"python manage.py migrate --no-input -v0 && {load}")
    return var


@pytest.fixture(scope="module")
def collected(installed):
    """Spans that gunicorn and Celery sent for a layout, an event and a wrong address."""
    with collecting() as collected:
        place = Place(installed, {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{collected.address}/"})
        token = place.run(f"python manage.py user_token host:{NAME}")
        place.settings["OTEL_BSP_SCHEDULE_DELAY"] = "200"  # milliseconds
        for name in ("web", "worker"):
            place.start(name, name)
        try:
            place.wait(lambda: place.ask("/health/ready")[0] == 200, "ready")
            _used(place, token)
            run = "run/subjects.fold_profile"
            place.wait(lambda: bool(collected.spans(run)), "a span of a task")
        finally:
            codes = place.stop()
        assert set(codes.values()) == {0}, codes
    return collected


def _used(place: Place, token: str) -> None:
    asked = {
        "Authorization": f"Bearer {token}",
        "User-Agent": f"{NAME}'s browser",
        "traceparent": f"00-{UPSTREAM}-b7ad6b7169203331-01",
        "baggage": f"user={NAME}",
    }
    query = f"surface=course-home&token={NAME}"
    body = place.ask(f"/api/layout?{query}", **asked, **{"X-Request-ID": ASKED})[1]
    del asked["traceparent"]
    sent = {
        "id": "1",
        "at": datetime.now(UTC).isoformat(),
        "type": "use",
        "block": "forum",
    }
    events = {"decision": json.loads(body)["decision"], "events": [sent]}
    status, _ = place.ask("/api/events", events, **asked, **{"X-Request-ID": SENT})
    assert status == 202
    assert place.ask(f"/people/{NAME}", **asked)[0] == 404


def one(collected: Collected, name: str, request: str) -> object:
    (span,) = [s for s in collected.spans(name) if told(s).get("request_id") == request]
    return span


def test_a_layout_is_a_span_with_its_request_and_what_it_took(collected):
    layout = one(collected, "GET api/layout", ASKED)

    assert told(layout) == {
        "request_id": ASKED,
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "api/layout",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
    }
    assert layout.trace_id.hex() == UPSTREAM and layout.kind == layout.SPAN_KIND_SERVER
    read, decided = (one(collected, f"layout.{n}", ASKED) for n in ("situation", "decide"))
    assert {read.parent_span_id, decided.parent_span_id} == {layout.span_id}
    assert told(read)["layout.surface"] == "course-home"
    assert told(decided)["layout.status"] == "adapted"


def test_a_task_belongs_to_the_request_that_sent_it(collected):
    events = one(collected, "POST api/events", SENT)
    task = one(collected, "run/subjects.fold_profile", SENT)

    assert (task.trace_id, task.parent_span_id) == (events.trace_id, events.span_id)
    assert task.kind == task.SPAN_KIND_CONSUMER
    assert told(task)["celery.state"] == "SUCCESS"


def test_nothing_that_names_a_person_leaves(collected):
    assert not [body for body in collected.bodies if NAME.encode() in body]
    assert not [body for body in collected.bodies if b"127.0.0.1" in body]
    assert {key for span in collected.spans() for key in told(span)} <= tracing.KEPT
    missing = [s for s in collected.spans("GET") if told(s)["http.response.status_code"] == 404]
    assert missing and not collected.spans("GET health/ready")


def test_the_text_of_an_exception_stays_here():
    out, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(tracing.Spans(out))
    tracer = provider.get_tracer("test")
    assert "OtelBatchSpanRecordProcessor" not in {thread.name for thread in threading.enumerate()}
    before = tracer.start_span("before")
    more = {"links": [Link(before.get_span_context(), {"enduser.id": NAME})]}
    with (
        pytest.raises(ValueError),
        tracer.start_as_current_span("run", attributes={"http.target": NAME}, **more),
    ):
        raise ValueError(f"no such person: {NAME}")
    provider.shutdown()

    (span,) = out.get_finished_spans()
    assert NAME not in span.to_json()
    assert span.status.status_code is StatusCode.ERROR
    assert [dict(e.attributes) for e in span.events] == [{"exception.type": "ValueError"}]
    assert [link.context for link in span.links] == [before.get_span_context()]


def python(var: Path, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(var),
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "ALLOWED_HOSTS": "testserver",
        "DEBUG": "yes",
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def test_without_a_collector_nothing_is_imported_and_no_span_is_opened(installed):
    """redis-py imports OpenTelemetry's metrics itself where they are installed."""
    code = """
ours = "opentelemetry.instrumentation", "opentelemetry.exporter", "opentelemetry.sdk.trace", "wrapt"
assert not [name for name in sys.modules if name.startswith(ours)]
assert "webapp.telemetry.tracing" not in sys.modules
assert requests.tracing.tracer is None
"""
    python(installed, SERVED + code)


def test_without_the_packages_layouts_are_served_and_the_log_says_what_to_install(installed):
    absent = "import sys; sys.modules['opentelemetry'] = None\n"
    done = python(installed, absent + SERVED, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert "tracing.not_installed" in done.stderr and "uiengine[otel]" in done.stderr


def test_a_broker_that_is_away_joins_no_later_request_to_the_trace(installed):
    code = """
from django.utils import timezone
from webapp.celery import app
from webapp.subjects.tasks import fold_profile
from opentelemetry import trace
app.conf.broker_transport_options = {"data_folder_out": "/nowhere"}
try:
    fold_profile.delay(1)
except Exception as error:
    print(type(error).__name__)
assert not trace.get_current_span().get_span_context().is_valid
client.get("/api/layout?surface=course-home")
"""
    with collecting() as collected:
        done = python(installed, SERVED + code, OTEL_EXPORTER_OTLP_ENDPOINT=collected.address)
    assert done.stdout.strip(), "the message was sent"
    assert [span.parent_span_id for span in collected.spans("GET api/layout")] == [b"", b""]
