"""`manage.py demo` starts all processes, reports problems, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.webapp.demo.conftest import ROOT, Demo, free_port, start_demo, stop_demo, wait_until_up
from tests.webapp.demo.steps import wait_for


def children_of(pid: int) -> dict[int, str]:
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
    found: dict[int, str] = {}
    for _ in range(5):
        found |= {int(p): a for p, parent, a in rows if int(parent) in {pid, *found}}
    return found


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Demo]:
    demo = start_demo(tmp_path, free_port())
    try:
        wait_until_up(demo)
        yield demo
    finally:  # a failed test must leave no process behind
        if demo.process.poll() is None:
            stop_demo(demo)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_port_in_use_is_said_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = start_demo(tmp_path, port)
        assert demo.process.wait(PATIENCE) == 1
    message = demo.log.read_text()
    assert f"Port {port} on 127.0.0.1 is in use" in message
    assert "Traceback" not in message


def test_the_demo_is_not_started_beside_production(tmp_path: Path) -> None:
    """It would load simulated people into the database and send every scheduled task twice."""
    production = {"SECRET_KEY": "x" * 40, "ALLOWED_HOSTS": "a.org", "VAR_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", "--port", str(free_port())],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **production},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "CommandError: DEMO is off, as it is in production" in done.stderr
    assert not (tmp_path / "db.sqlite3").exists()


def test_ctrl_c_stops_every_child(started: Demo) -> None:
    demo = started
    children = children_of(demo.process.pid)
    commands = " ".join(children.values())
    assert all(name in commands for name in ("waitress", " worker", " beat"))

    assert stop_demo(demo) == 0
    wait_for(lambda: not any(is_running(pid) for pid in children))
    assert demo.log.read_text().rstrip().endswith("Stopped.")


@pytest.mark.parametrize("name", ["worker"])
def test_a_dead_child_is_named_and_the_rest_stopped(started: Demo, name: str) -> None:
    demo = started
    children = children_of(demo.process.pid)
    victim = next(pid for pid, args in children.items() if f" {name}" in args)
    os.kill(victim, signal.SIGKILL)

    assert demo.process.wait(PATIENCE) == 1
    assert f"The {name} process ended with exit code -9" in demo.log.read_text()
    wait_for(lambda: not any(is_running(pid) for pid in children))


def test_the_demo_is_up(demo: Demo) -> None:
    assert demo.process.poll() is None
