"""Fixtures: a real Chromium, and the real demo with web, worker and beat as `make run` starts
it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.evidence import grid_libraries
from tests.patience import PATIENCE
from tests.webapp.demo.site import Site, serve

ROOT = Path(__file__).parents[3]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Demo:
    address: str
    process: subprocess.Popen[bytes]
    log: Path
    var: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_demo(var: Path, port: int) -> Demo:
    log = var / "demo.log"
    others = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL", "BROKER_URL")
    environment = {k: v for k, v in os.environ.items() if k not in others}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=ROOT,
            env={**environment, "VAR_DIR": str(var), "THROTTLE_WRITE": "100000"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    return Demo(f"http://127.0.0.1:{port}", process, log, var)


def wait_until_up(demo: Demo) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and demo.process.poll() is None:
        if b"The demo runs at" in demo.log.read_bytes():
            assert urlopen(f"{demo.address}/api/health").status == 200
            return
        time.sleep(0.1)
    raise AssertionError(f"The demo did not start:\n{demo.log.read_text()}")


def stop_demo(demo: Demo) -> int:
    demo.process.send_signal(signal.SIGINT)
    return demo.process.wait(PATIENCE)


@pytest.fixture(scope="package")
def has_examples() -> bool:
    """Says whether gridstack and React were built for the demo; in CI they must be."""
    if grid_libraries.missing() and not os.environ.get("CI"):
        return False
    grid_libraries.build()
    return True


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory, has_examples: bool) -> Iterator[Demo]:
    demo = start_demo(tmp_path_factory.mktemp("demo"), free_port())
    try:
        wait_until_up(demo)
        yield demo
    finally:
        if demo.process.poll() is None:
            stop_demo(demo)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    yield from chromium()


def chromium() -> Iterator[Browser]:
    """Skips where it is not installed."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI is set, where nothing may skip, and chromium is not installed.")
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, demo: Demo) -> Iterator[Page]:
    """A new person's page at desktop width; a script error fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=demo.address)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda m: errors.append(m.text) if "Content Security Policy" in m.text else None,
    )
    yield page
    context.close()
    assert not errors


@pytest.fixture
def site() -> Iterator[Site]:
    """A site of the test's own, where no demo is needed."""
    with serve() as site:
        yield site


@pytest.fixture
def plain(browser: Browser, site: Site) -> Iterator[Page]:
    """A page of that site; a script error fails the test."""
    context = browser.new_context(viewport={"width": 1000, "height": 800}, base_url=site.address)
    context.set_default_timeout(30_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors
