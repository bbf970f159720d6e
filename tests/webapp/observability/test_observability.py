"""Request ids from header to log line, metrics, probes, and permission to read them."""

from __future__ import annotations

import json
import logging
import re
import sys
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError
from django.test import Client, RequestFactory
from prometheus_client.parser import text_string_to_metric_families

from webapp.observability import views
from webapp.observability.catalogue import logged
from webapp.telemetry import metrics, requests
from webapp.telemetry.logs import BETWEEN_TRACES, JSONFormatter, TracesSeldom, WithRequest

pytestmark = pytest.mark.django_db


def told() -> dict[str, float]:
    """Returns all samples of /metrics, by name and labels."""
    text = Client().get("/metrics").content.decode()
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def line(record: logging.LogRecord) -> dict[str, object]:
    WithRequest().filter(record)
    return json.loads(JSONFormatter().format(record))


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [("abc-12345", True), ("short", False), ("x" * 65, False), ("a b c d e", False)],
)
def test_a_request_id_is_taken_where_it_is_harmless_and_made_otherwise(given, is_taken):
    answer = Client().get("/health/live", headers={"X-Request-ID": given})

    assert (answer["X-Request-ID"] == given) is is_taken
    assert requests.ACCEPTED.fullmatch(answer["X-Request-ID"])


def test_a_log_line_is_json_with_event_and_request(caplog):
    name = "from-the-proxy"
    with caplog.at_level(logging.WARNING):
        Client().get("/api/me", headers={"X-Request-ID": name})

    (record,) = [r for r in caplog.records if r.name == "django.request"]
    found = line(record)
    assert found["request_id"] == name and found["level"] == "WARNING"
    try:
        raise ValueError("no\nluck")
    except ValueError:
        log = logging.getLogger("webapp.test")
        args = (log.name, logging.ERROR, __file__, 1, "cache.unavailable %s", ("now",))
        broken = log.makeRecord(*args, exc_info=sys.exc_info(), extra={"surface": "home"})
    found = line(broken)
    assert (found["event"], found["surface"]) == ("cache.unavailable", "home")
    assert "ValueError: no\nluck" in str(found["exception"])


def test_a_warning_that_repeats_shows_its_traceback_once_in_a_while():
    """Every line stays; errors and other events keep their tracebacks."""
    seldom = TracesSeldom()

    def shown(level: int, event: str, at: float) -> bool:
        record = logging.LogRecord("webapp", level, "", 1, event, (), (OSError, OSError("x"), None))
        record.created = at
        assert seldom.filter(record)
        return "exception" in line(record)

    assert shown(logging.WARNING, "cache.unavailable", 100.0)
    assert not shown(logging.WARNING, "cache.unavailable", 101.0)
    assert shown(logging.WARNING, "throttle.cache_unavailable", 101.0)
    assert shown(logging.ERROR, "cache.unavailable", 102.0)
    assert shown(logging.WARNING, "cache.unavailable", 100.0 + BETWEEN_TRACES)


def test_a_task_carries_the_request_that_sent_it():
    headers: dict[str, object] = {}
    token = requests.current.set("the-request")
    try:
        requests._sent(headers=headers)
    finally:
        requests.current.reset(token)
    assert headers == {"request_id": "the-request"}


def test_what_happens_is_counted(owner):
    before = told()
    layout = owner.layout()
    event = owner.event("use", "forum")
    owner.send(layout, event)
    owner.send(layout, event)
    owner.post("events", {})
    after = told()

    def more(name: str, **labels: str) -> float:
        key = f"{name}{sorted(labels.items())}"
        return after[key] - before.get(key, 0)

    http = "uiengine_http_requests_total"
    assert more(http, view="layouts:layout", method="GET", status="200") == 1
    assert more(http, view="layouts:events", method="POST", status="202") == 2
    assert more("uiengine_http_request_seconds_count", view="layouts:events") == 3
    assert more("uiengine_layouts_total", answer=layout["status"]) == 1
    assert more("uiengine_events_total", outcome="accepted") == 1
    assert more("uiengine_events_total", outcome="duplicate") == 1
    assert more("uiengine_refusals_total", kind="field-not-valid") == 1
    assert after["uiengine_events_pending[]"] == 1
    assert after["uiengine_surfaces[]"] == 1


def test_addresses_and_methods_that_strangers_invent_make_no_new_series():
    Client().get("/first/made-up")
    before = set(told())
    for i in range(5):
        Client().generic(f"VERB{i}", f"/made-up/{i}")
    Client().generic("VERB", "/api/me")

    fresh = set(told()) - before
    assert len(fresh) <= 20 and not [name for name in fresh if "VERB" in name or "made-up" in name]


@pytest.mark.parametrize(
    ("key", "meta", "status"),
    [
        ("", {}, 200),
        ("", {"REMOTE_ADDR": "10.0.0.9"}, 403),
        ("", {"HTTP_X_FORWARDED_FOR": "9.9.9.9"}, 403),
        ("k" * 20, {}, 403),
        ("k" * 20, {"HTTP_AUTHORIZATION": "Bearer " + "k" * 19}, 403),
        ("k" * 20, {"HTTP_AUTHORIZATION": "Bearer " + "k" * 20, "REMOTE_ADDR": "10.0.0.9"}, 200),
    ],
)
def test_metrics_are_for_who_has_the_key_or_sits_here(settings, key, meta, status):
    settings.UIENGINE_METRICS_KEY = key
    assert Client().get("/metrics", **meta).status_code == status


@pytest.mark.parametrize("host", ["10.1.2.3:8000", "[fd00::1]", "probe.internal"])
def test_probes_are_answered_by_address_and_nothing_else_is(db, settings, host):
    settings.ALLOWED_HOSTS, settings.UIENGINE_METRICS_KEY = ["layouts.example"], "k" * 16
    client = Client(headers={"Host": host})

    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").json()["database"] == "ok"
    answer = client.get("/metrics", headers={"Authorization": "Bearer " + "k" * 16})
    assert answer.status_code == 200 and b"uiengine_" in answer.content
    assert client.get("/health/live/").status_code == client.get("/admin/").status_code == 400


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1:8000", 200), ("evil.example", 403)])
def test_without_a_key_a_foreign_name_for_this_machine_reads_no_metrics(settings, host, status):
    settings.ALLOWED_HOSTS, settings.UIENGINE_METRICS_KEY = ["layouts.example"], ""
    assert Client(headers={"Host": host}).get("/metrics").status_code == status


def test_ready_says_what_is_missing(db, monkeypatch):
    assert Client().get("/health/live").json() == {"status": "ok"}
    found = Client().get("/health/ready")
    assert found.status_code == 503 and "load_surfaces" in found.json()["pages"]


def test_ready_with_a_page_and_not_without_a_database(page, monkeypatch):
    found = Client().get("/health/ready")
    assert (found.status_code, found.json()["status"]) == (200, "ok")

    def away(*_: object) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(views.database.connection(), "cursor", away)
    answer = views.ready(RequestFactory().get("/health/ready"))
    assert answer.status_code == 503 and b'"database": "unavailable"' in answer.content


def test_the_catalogue_lists_every_metric_and_every_event():
    out = StringIO()
    call_command("catalogue", stdout=out)

    listed = set(re.findall(r"^\| `([\w.]+)`", out.getvalue(), re.MULTILINE))
    served = {name.partition("[")[0] for name in told() if name.startswith("uiengine_")}
    endings = "_bucket|_count|_sum|_created"
    kinds = {re.sub(f"({endings})$", "", name) for name in served}
    assert {name.removesuffix("_total") for name in kinds} <= {
        name.removesuffix("_total") for name in listed
    }
    assert len(metrics.ALL) + 3 == len([n for n in listed if n.startswith("uiengine_")])
    assert "layout.fallback" in listed
    nameless = [found.where for found in logged() if not found.name]
    assert not nameless, "A log message begins with its event's name, such as `cache.unavailable`."
