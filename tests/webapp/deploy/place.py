"""Runs a production installation on this machine, by the lines of webapp/deploy/Procfile."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import Request, urlopen

import psycopg
import pytest
import redis

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[3]
POSTGRES = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/11")
RABBIT = os.environ.get("TEST_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672//")


def procfile() -> dict[str, str]:
    lines = (ROOT / "webapp" / "deploy" / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines)}


def needed(name: str, probe: Callable[[], object]) -> None:
    """Skips where a service is unavailable; in CI it fails instead."""
    try:
        probe()
    except Exception as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI is set, where nothing may skip, and {name} does not answer: {error}")
        pytest.skip(f"{name} does not answer: {error}")


@contextmanager
def fresh_database() -> Iterator[str]:
    """Yields the address of an empty PostgreSQL database, and drops it afterwards."""
    needed("PostgreSQL", lambda: psycopg.connect(POSTGRES, connect_timeout=5).close())
    name = f"production_{secrets.token_hex(4)}"
    with psycopg.connect(POSTGRES, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(urlsplit(POSTGRES)._replace(path=f"/{name}"))
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def empty_redis() -> str:
    client = redis.Redis.from_url(REDIS, socket_connect_timeout=5)
    needed("Redis", client.ping)
    client.flushdb()
    client.close()
    return REDIS


@contextmanager
def fresh_rabbit() -> Iterator[str]:
    """Yields RabbitMQ's address, with a new virtual host where rabbitmqctl allows it."""
    parts = urlsplit(RABBIT)
    there = (parts.hostname or "127.0.0.1", parts.port or 5672)
    needed("RabbitMQ", lambda: socket.create_connection(there, 5).close())
    tool, name = shutil.which("rabbitmqctl"), f"production_{secrets.token_hex(4)}"
    user = urlsplit(RABBIT).username or "guest"
    made = tool and not _quietly(tool, "add_vhost", name)
    if tool and made:
        _quietly(tool, "set_permissions", "-p", name, user, ".*", ".*", ".*")
    try:
        yield urlunsplit(urlsplit(RABBIT)._replace(path=f"/{name}")) if made else RABBIT
    finally:
        if tool and made:
            _quietly(tool, "delete_vhost", name)


def _quietly(*command: str) -> int:
    return subprocess.run(command, capture_output=True, timeout=PATIENCE).returncode


@dataclass
class Place:
    """An installation. var: its files and the logs of its processes."""

    var: Path
    settings: dict[str, str]
    port: int = field(default_factory=lambda: _free_port())
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        known = {k: os.environ[k] for k in ("PATH", "HOME", "LANG") if k in os.environ}
        known["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{known['PATH']}"
        return {
            **known,
            "SECRET_KEY": "only-for-tests-" * 4,
            "ALLOWED_HOSTS": "127.0.0.1",
            "HTTPS": "no",
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "VAR_DIR": str(self.var),
            "PROMETHEUS_MULTIPROC_DIR": str(self.var / "metrics"),
            "BIND": f"127.0.0.1:{self.port}",
            "WORKER_PROCESSES": "1",
            "UIENGINE_DATABASE_MS": "20000",  # on a slow machine, too, the database is there
            "OMP_WAIT_POLICY": "PASSIVE",
            **self.settings,
        }

    def run(self, command: str) -> str:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip()

    def start(self, name: str, line: str) -> None:
        """line: a name in the Procfile, or a command."""
        with self.log(name).open("wb") as log:
            self.running[name] = subprocess.Popen(
                ["sh", "-c", procfile().get(line, line)],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def log(self, name: str) -> Path:
        return self.var / f"{name}.log"

    def lines(self, name: str) -> list[dict[str, Any]]:
        """Returns what a process logged as JSON."""
        text = self.log(name).read_text(errors="replace").splitlines()
        return [json.loads(line) for line in text if line.startswith('{"at"')]

    def ask(self, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body).encode()
        more = {"Content-Type": "application/json"} if data else {}
        request = Request(f"http://127.0.0.1:{self.port}{path}", data, {**more, **headers})
        try:
            with urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()

    def wait(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._tried(is_so):
            ended = [name for name, process in self.running.items() if process.poll() is not None]
            late = time.monotonic() > deadline
            if ended or late:
                logs = "\n".join(f"{n}: {self.log(n).read_text()[-1500:]}" for n in self.running)
                pytest.fail(f"{what}: {f'ended: {ended}' if ended else 'too late'}\n{logs}")
            time.sleep(0.2)

    @staticmethod
    def _tried(is_so: Callable[[], bool]) -> bool:
        try:
            return is_so()
        except (URLError, ConnectionError):
            return False

    def stop(self) -> dict[str, int]:
        """Terminates all; returns exit codes by name. A process that does not end is killed,
        which shows."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        codes = {}
        for name, process in self.running.items():
            try:
                codes[name] = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                codes[name] = process.wait()
        self.running.clear()
        return codes


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
