"""uvicorn and granian answer what a WSGI server answers, and nothing of ours holds their loop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.patience import PATIENCE
from tests.webapp.demo.conftest import free_port

pytest.importorskip("uvicorn", reason="uvicorn is not installed: make dev")
pytest.importorskip("granian", reason="granian is not installed: make dev")
ROOT = Path(__file__).parents[3]
SERVERS = {
    "waitress": "-m waitress --listen 127.0.0.1:{port} webapp.wsgi:application",
    "uvicorn": "-m uvicorn --lifespan off --loop asyncio --port {port} "
    "tests.webapp.deploy.watched:application",
    "granian": "-m granian --interface asginl --port {port} webapp.asgi:application",
}
OF_SERVERS = {"date", "server", "connection", "transfer-encoding", "via", "content-length"}
AT = datetime.now(UTC).isoformat()
MOST = 20.0
"""Milliseconds that a callback may hold the loop."""
IN_LOOP = {
    "tests/webapp/deploy/watched.py",
    "webapp/telemetry/requests.py",
    "webapp/telemetry/metrics.py",
    "webapp/layouts/errors/middleware.py",
    "webapp/layouts/errors/catalogue.py",
    "webapp/layouts/errors/problem.py",
}


@dataclass
class Server:
    port: int
    token: str

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Returns status, headers and bytes of an answer, without what the server adds."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        sent = json.dumps(body) if isinstance(body, dict) else body
        named = {"X-Request-ID": "the-same-everywhere", "Content-Type": "application/json"}
        connection.request(method, path, sent, {**named, **headers})
        answer = connection.getresponse()
        kept = {k.lower(): v for k, v in answer.getheaders() if k.lower() not in OF_SERVERS}
        found = answer.status, kept, answer.read()
        connection.close()
        return found

    def mine(self, method: str, path: str, body: Any = None) -> Any:
        return self.ask(method, path, body, Authorization=f"Bearer {self.token}")


def environment(var: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **kept,
        "SECRET_KEY": "only-for-tests-" * 4,
        "ALLOWED_HOSTS": "127.0.0.1",
        "HTTPS": "no",
        "VAR_DIR": str(var),
        "THROTTLE_LAYOUT": "1000000",
        "THROTTLE_WRITE": "1000000",
        "UIENGINE_DEADLINE_MS": "60000",
    }


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    var = tmp_path_factory.mktemp("asgi")
    around: dict[str, Any] = {"cwd": ROOT, "env": environment(var)}

    def manage(*arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, **around, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    manage("migrate", "--verbosity", "0")
    manage("load_fixtures", "--no-cohort")
    token = manage("user_token", "shop:1")
    found, running = {}, []
    with (var / "servers.log").open("wb") as log:
        for name, line in SERVERS.items():
            found[name] = Server(free_port(), token)
            command = [sys.executable, *line.format(port=found[name].port).split()]
            running.append(subprocess.Popen(command, **around, stdout=log, stderr=log))
        try:
            for server in found.values():
                _wait(server, var / "servers.log")
            yield found
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(PATIENCE)


def _wait(server: Server, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            assert server.ask("GET", "/api/health")[0] == 200
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text()[-3000:])


def batch(decision: str) -> dict[str, Any]:
    event = {"id": str(uuid4()), "at": datetime.now(UTC).isoformat(), "type": "impression"}
    return {"decision": decision, "events": [event]}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/layout?surface=course-home", None),
        ("GET", "/api/layout?surface=course-home&variants=3", None),
        ("GET", "/api/layout?surface=%F0%9F%8C%8A", None),
        ("GET", "/api/layout", None),
        ("POST", "/api/layout", {}),
        ("POST", "/api/events", b"{"),
        ("POST", "/api/events", {"decision": "ours?", "events": [{"id": "é", "at": AT}]}),
        ("POST", "/api/feedback", b"x" * 300_000),
        ("GET", "/api/me", None),
        ("GET", "/api/errors", None),
        ("GET", "/api/nothing", None),
        ("GET", "/admin/login/", None),
        ("GET", "/health/live", None),
    ],
)
def test_each_server_gives_the_same_bytes(servers, method, path, body):
    status, headers, answer = servers["waitress"].mine(method, path, body)
    for name in ("uvicorn", "granian"):
        found = servers[name].mine(method, path, body)
        assert found[0] == status, name
        if "csrftoken" not in headers.get("set-cookie", ""):
            assert found == (status, headers, answer), name


def test_events_that_one_server_took_are_known_to_the_others(servers):
    _, _, answer = servers["waitress"].mine("GET", "/api/layout?surface=operations")
    sent = batch(json.loads(answer)["decision"])
    counts = [json.loads(s.mine("POST", "/api/events", sent)[2]) for s in servers.values()]
    assert [count["accepted"] for count in counts] == [1, 0, 0]
    assert [count["duplicate"] for count in counts] == [0, 1, 1]


def test_nothing_of_ours_holds_the_loop_for_20_ms(servers):
    uvicorn = servers["uvicorn"]

    def visit(_: int) -> None:
        for _ in range(8):
            _, _, answer = uvicorn.mine("GET", "/api/layout?surface=course-home")
            sent = batch(json.loads(answer)["decision"])
            assert uvicorn.mine("POST", "/api/events", sent)[0] == 202
        assert uvicorn.mine("GET", "/api/layout?surface=nowhere")[0] == 404

    with ThreadPoolExecutor(4) as people:
        list(people.map(visit, range(4)))
    watched = json.loads(uvicorn.ask("GET", "/watched")[2])
    print(f"longest callback {watched['processor_ms']:.1f} ms of processor time,", end=" ")
    print(f"lag of a sleeping task {watched['lag_ms']:.1f} ms on this machine")
    assert set(watched["entered"]) <= IN_LOOP, "the rest runs in threads"
    assert watched["processor_ms"] <= MOST
