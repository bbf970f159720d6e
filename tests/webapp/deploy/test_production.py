"""Runs the Procfile on PostgreSQL with Redis, and with RabbitMQ, in several processes."""

from __future__ import annotations

import json
import os
import signal
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.webapp.deploy.place import (
    ROOT,
    Place,
    empty_redis,
    fresh_database,
    fresh_rabbit,
    procfile,
)

LAYOUT = "/api/layout?surface=course-home"
NAME = "asked-by-the-test"
OPERATORS = ROOT / "webapp" / "deploy" / "README.md"


@pytest.fixture(scope="module")
def database():
    with fresh_database() as address:
        yield address


@pytest.fixture(scope="module")
def installed(database, tmp_path_factory) -> Path:
    """An installation folder, migrated and with the fixtures' pages."""
    var = tmp_path_factory.mktemp("production")
    place = Place(var, {"DATABASE_URL": database, "REDIS_URL": empty_redis()})
    place.run(procfile()["release"])
    place.run("python manage.py load_fixtures")
    return var


@pytest.mark.parametrize("broker", ["redis", "rabbitmq"])
def test_a_page_adapts_and_events_are_folded_by_several_workers(database, installed, broker):
    with ExitStack() as stack:
        more = {"BROKER_URL": stack.enter_context(fresh_rabbit())} if broker == "rabbitmq" else {}
        place = Place(installed, {"DATABASE_URL": database, "REDIS_URL": empty_redis(), **more})
        for name in ("web", "worker", "worker", "beat"):
            place.start(f"{name}-{len(place.running)}", name)
        try:
            place.wait(lambda: place.ask("/health/ready")[0] == 200, "ready")
            lived = _visit(place, f"host:{broker}")
            place.wait(lambda: _told(place, "uiengine_tasks_total", "fold_profile") >= 1, "counted")
            if broker == "redis":
                beats = ("uiengine_tasks_total", "heartbeat")
                place.wait(lambda: _told(place, *beats) >= 1, "beat")
            _seen(place, lived)
        finally:
            codes = place.stop()
        assert set(codes.values()) == {0}, codes


def _visit(place: Place, key: str) -> dict[str, object]:
    """Requests a layout, sends an event, and returns once a worker has folded it."""
    token = place.run(f"python manage.py user_token {key}")
    headers = {"Authorization": f"Bearer {token}", "X-Request-ID": NAME}
    layout = json.loads(place.ask(LAYOUT, **headers)[1])
    assert layout["status"] == "adapted" and layout["version"]
    event = {
        "id": str(uuid4()),
        "at": datetime.now(UTC).isoformat(),
        "type": "use",
        "block": "forum",
    }
    body = {"decision": layout["decision"], "events": [event]}
    status, counted = place.ask("/api/events", body, **headers)
    assert (status, json.loads(counted)["accepted"]) == (202, 1)

    def is_folded() -> bool:
        me = json.loads(place.ask("/api/me", **headers)[1])
        return bool(me["profiles"] and me["profiles"][0]["visits"])

    place.wait(is_folded, "folded")
    again = json.loads(place.ask(LAYOUT, **headers)[1])
    assert again["order"] == layout["order"]  # unchanged within the visit
    return layout


def _seen(place: Place, layout: dict[str, object]) -> None:
    """Checks sums over processes in /metrics, and a request id from the web's log to a worker's."""
    folder = place.var / "metrics"

    def counted() -> set[str]:
        assert place.ask(LAYOUT)[0] == 200
        return {path.stem.rpartition("_")[2] for path in folder.glob("counter_*.db")}

    place.wait(lambda: len(counted()) >= 3, "two web processes and a worker's, each in its files")
    assert _told(place, "uiengine_layouts_total", "") >= 2

    def is_named() -> bool:
        return any(
            line["request_id"] == NAME and "fold_profile" in line["message"]
            for name in ("worker-1", "worker-2")
            for line in place.lines(name)
        )

    # A worker writes its line after the commit that `_visit` saw.
    place.wait(is_named, "a worker's line with the id of the request that sent the task")


def _told(place: Place, name: str, label: str) -> float:
    text = place.ask("/metrics")[1].decode()
    lines = [line for line in text.splitlines() if line.startswith(f"{name}{{") and label in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def test_the_threads_of_a_worker_connect_before_anybody_asks(database, installed):
    settings = {"DATABASE_URL": database, "REDIS_URL": empty_redis(), "WEB_PROCESSES": "1"}
    place = Place(installed, {**settings, "WEB_THREADS": "3"})
    place.start("web", "web")
    try:  # the refreshing thread connects after the first request
        place.wait(lambda: _connections(database) == 3, "connected")
    finally:
        place.stop()


def _connections(database: str) -> int:
    with psycopg.connect(database) as asking:
        of_others = "datname = current_database() AND pid <> pg_backend_pid()"
        count = asking.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {of_others}")
        return int(count.fetchone()[0])


def test_every_line_of_the_web_processes_is_json(tmp_path):
    """Includes gunicorn's own lines on its start, a killed worker and its end."""
    place = Place(tmp_path, {"WEB_PROCESSES": "1"})
    place.start("web", "web")
    try:
        place.wait(lambda: place.ask("/health/live")[0] == 200, "alive")
        booted = [line["process"] for line in place.lines("web") if "Booting" in line["message"]]
        os.kill(booted[0], signal.SIGKILL)
        place.wait(lambda: place.log("web").read_text().count("Booting worker") == 2, "replaced")
        place.wait(lambda: place.ask("/health/live")[0] == 200, "alive again")
    finally:
        code = place.stop()["web"]

    lines = [json.loads(line) for line in place.log("web").read_text().splitlines()]
    said = [line["message"] for line in lines if line["logger"] == "gunicorn.error"]
    assert code == 0 and {line["level"] for line in lines} >= {"INFO", "ERROR"}
    for word in ("Starting gunicorn", "Booting worker", "SIGKILL", "Shutting down"):
        assert any(word in message for message in said), (word, said)
    assert all(line["at"] and line["request_id"] and line["process"] for line in lines)
    assert not any("/health/live" in message for message in said)  # no line for every request


def test_the_example_of_an_environment_names_what_the_settings_read():
    text = (ROOT / "webapp" / "deploy" / "production.env").read_text()
    named = {line.partition("=")[0] for line in text.splitlines() if "=" in line and line[0] != "#"}
    settings = ("webapp/settings.py", "webapp/engine_settings.py")
    files = (*settings, "webapp/deploy/gunicorn.py", "webapp/deploy/Procfile")
    code = "".join((ROOT / name).read_text() for name in files)
    assert {name for name in named if name not in code} == set()


def test_django_has_nothing_to_add_to_the_example_of_an_environment(tmp_path):
    """Runs the deployment README's check, which also finds a planted mistake."""
    text = (ROOT / "webapp" / "deploy" / "production.env").read_text()
    lines = [line.partition("=") for line in text.splitlines() if line and line[0] != "#"]
    ours = ("SECRET_KEY", "VAR_DIR", "ARTEFACTS_DIR", "PROMETHEUS_MULTIPROC_DIR")
    example = {name: value for name, _, value in lines if name not in ours}
    check = "python manage.py check --deploy --fail-level WARNING"
    assert check in OPERATORS.read_text()

    Place(tmp_path, {"HTTPS": "", **example}).run(check)

    said = Place(tmp_path, {**example, "HTTPS": "no"}).run(f"! {check} 2>&1")
    assert "security.W008" in said and "security.W012" in said


def test_the_readme_starts_what_the_procfile_starts():
    block = OPERATORS.read_text().split("```sh\n")[1].split("```")[0]
    started = " ".join(procfile().values())
    words = [line.split("#")[0].split() for line in block.splitlines()]
    for command in words:
        if command[0] == "gunicorn":
            assert " ".join(command) in started
        elif command[0] == "celery":
            assert " ".join(command[:4]) in started
            assert {word for word in command if word.startswith("--")} <= set(started.split()) | {
                "--pidfile="
            }
    manage = [" ".join(command) for command in words if command[1] == "manage.py"]
    assert manage[1:3] == procfile()["release"].split(" && ")
