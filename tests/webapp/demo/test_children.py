"""Child processes start, are watched and stop together."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.webapp.demo.steps import wait_for
from webapp.demo import children as module
from webapp.demo.children import ChildDied, Children

SLEEP = [sys.executable, "-c", "import time; time.sleep(3600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('ready', flush=True); time.sleep(3600)",
]


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    started = Children(tmp_path)
    yield started
    started.stop()


def test_a_dead_child_is_reported_with_the_end_of_its_log(children: Children) -> None:
    children.start("web", SLEEP, {})
    children.start("worker", [sys.executable, "-c", "raise SystemExit('no broker')"], {})
    children.running["worker"].wait(PATIENCE)
    with pytest.raises(ChildDied, match=r"worker process ended with exit code 1(.|\n)*no broker"):
        children.check()


def test_stopping_ends_all(children: Children) -> None:
    children.start("one", SLEEP, {})
    children.start("two", SLEEP, {})
    processes = list(children.running.values())
    children.stop()
    assert all(process.poll() is not None for process in processes)


def test_a_child_that_will_not_end_is_killed(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    children.start("stubborn", STUBBORN, {})
    process = children.running["stubborn"]
    wait_for(lambda: b"ready" in children.log("stubborn").read_bytes())
    children.stop()
    assert process.returncode == -9
