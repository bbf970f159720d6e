"""Fixtures: the host served, its worker, and a signed-in person's browser."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import django
import pytest
from playwright.sync_api import Page

from tests.patience import PATIENCE
from tests.webapp import axe
from tests.webapp.demo.conftest import browser, free_port  # noqa: F401 - one is a fixture
from tests.webapp.foreign_host import around, run

PROJECT = Path(__file__).parent / "project"
MAIL, PASSWORD = "ann@example.org", "a long enough secret"
OWNER = (
    "from django.contrib.auth import get_user_model as of;"
    f"of().objects.create_superuser({MAIL!r}, {PASSWORD!r})"
)
WATCH = """
document.addEventListener('securitypolicyviolation', (event) => console.error(
  'Content Security Policy', event.violatedDirective, event.blockedURI, event.sample));
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifts += shift.value;
}).observe({ type: 'layout-shift', buffered: true });
"""


@dataclass
class Host:
    folder: Path
    address: str
    complaints: list[str] = field(default_factory=list)

    def manage(self, *arguments: str) -> str:
        return run(self.folder, "-m", "django", *arguments)

    @contextmanager
    def running(self, *command: str) -> Iterator[None]:
        """Runs a process of the host's meanwhile, such as its server or a worker."""
        with (self.folder / "host.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command], **around(self.folder), stdout=log, stderr=log
            )
            try:
                yield
            finally:
                process.terminate()
                process.wait(PATIENCE)


@pytest.fixture(scope="package")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    if django.VERSION < (6,):
        pytest.importorskip("csp", reason="django-csp is not installed: make dev")
    folder = tmp_path_factory.mktemp("hardened") / "host"
    shutil.copytree(PROJECT, folder)
    port = free_port()
    host = Host(folder, f"http://127.0.0.1:{port}")
    host.manage("makemigrations", "people", "--verbosity", "0")
    host.manage("migrate", "--verbosity", "0")
    host.manage("load_fixtures")
    host.manage("shell", "-c", OWNER)
    served = ["-m", "django", "runserver", "--noreload", "--insecure", f"127.0.0.1:{port}"]
    with host.running(*served):
        _wait(host)
        yield host


def _wait(host: Host) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            assert urlopen(f"{host.address}/tools/arrange/health").status == 200
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError((host.folder / "host.log").read_text()[-3000:])


@pytest.fixture(scope="package")
def signed_in(browser, host: Host) -> Iterator[Page]:  # noqa: F811
    """The owner's page, signed in by e-mail. What the console complains of is kept in `host`."""
    axe.install()
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=host.address)
    context.set_default_timeout(60_000)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.on("pageerror", lambda error: host.complaints.append(str(error)))
    page.on("console", lambda m: host.complaints.append(m.text) if m.type == "error" else None)
    page.goto("/backstage/")
    page.locator("[name=username]").fill(MAIL)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("Site administration").wait_for()
    yield page
    context.close()


@pytest.fixture
def page(signed_in: Page, host: Host) -> Iterator[Page]:
    """That page; a script error, a refused request or a violation of the policy fails the test."""
    host.complaints.clear()
    yield signed_in
    assert host.complaints == []
