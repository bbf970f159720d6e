"""The README's host project, made from the README's own text and the installed package."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from tomllib import loads
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from packaging.requirements import Requirement

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
SECTION = (
    (ROOT / "README.md").read_text().split("## Add it to a Django project")[1].split("\n## ")[0]
)
COMMANDS = [block.splitlines() for block in re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)]
FILES = re.findall(r"`([\w./]+\.(?:py|html))`[^\n]*:\n\n```\w+\n(.*?)```", SECTION, re.DOTALL)
NEXT_DAY = (
    "from webapp.subjects.models import Subject; from webapp.surfaces.models import Surface;"
    "from webapp.subjects.services import visit_end;"
    "visit_end(subject=Subject.objects.get(), surface=Surface.objects.get(), days=1)"
)


@dataclass
class Host:
    """A project folder, and the environment in which the package is installed."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def manage(self, *arguments: str) -> str:
        return self.run(sys.executable, "manage.py", *arguments)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Everything up to the second block of commands."""
    folder = tmp_path_factory.mktemp("host")
    site = tmp_path_factory.mktemp("site")
    names = ("DJANGO_SETTINGS_MODULE", "PYTHONPATH")
    environment = {k: v for k, v in os.environ.items() if k not in names}
    host = Host(folder, {**environment, "PYTHONPATH": str(site), "PYTHONWARNINGS": "ignore"})
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    host.run(*pip, "--no-build-isolation", "--target", str(site), str(ROOT))
    started = [line.split() for line in COMMANDS[0][3:]]
    assert [words[:2] for words in started] == [
        ["django-admin", "startproject"],
        ["python", "manage.py"],
    ]
    host.run(sys.executable, "-m", "django", *started[0][1:])
    host.manage(*started[1][2:])
    for name, text in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if "settings" in name else ""
        path.write_text(before + text)
    return host


@dataclass
class Browser:
    """A signed-in user's."""

    address: str
    jar: CookieJar

    def open(self, path: str, data: bytes | None = None, kind: str = "") -> str:
        headers = {"Content-Type": kind} if kind else {}
        opener = build_opener(HTTPCookieProcessor(self.jar))
        request = Request(f"{self.address}{path}", data, headers)
        text: str = opener.open(request, timeout=PATIENCE).read().decode()
        return text

    def sign_in(self) -> None:
        page = self.open("/admin/login/")
        form = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert form
        fields = {"csrfmiddlewaretoken": form[1], "username": "ada", "password": "pw", "next": "/"}
        assert "adaptive-layout" in self.open("/admin/login/", urlencode(fields).encode())

    def home(self) -> tuple[list[str], dict[str, Any]]:
        """Block ids as the HTML has them, and the payload in the page."""
        html = self.open("/")
        boot = html.split('<script type="application/json">')[1].split("</script>")[0]
        return re.findall(r'<section data-block="([^"]+)"', html), json.loads(boot)["payload"]


@pytest.fixture(scope="module")
def browser(host: Host) -> Iterator[Browser]:
    """The second block of commands, up to the running server."""
    arguments = [line.split()[2:] for line in COMMANDS[1]]
    assert [a[0] for a in arguments][-2:] == ["createsuperuser", "runserver"]
    for words in arguments[:-2]:
        host.manage(*words)
    host.environment |= {"DJANGO_SUPERUSER_PASSWORD": "pw"}
    host.manage("createsuperuser", "--noinput", "--username=ada", "--email=ada@example.org")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    server = subprocess.Popen(
        [sys.executable, "manage.py", "runserver", "--noreload", address],
        cwd=host.folder,
        env=host.environment,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    browser = Browser(f"http://{address}", CookieJar())
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                browser.open("/api/health")
                break
            except URLError:
                assert time.monotonic() < deadline and server.poll() is None
                time.sleep(0.2)
        yield browser
    finally:
        server.terminate()
        server.wait(PATIENCE)


def test_the_package_brings_our_code_and_not_the_checkouts(host: Host) -> None:
    shown = host.run(sys.executable, "-c", "import webapp, ml, uiengine; print(webapp.__file__)")
    assert str(ROOT / "webapp") not in shown


def test_the_check_finds_nothing_and_names_what_is_taken_away(host: Host) -> None:
    assert "no issues" in host.manage("check")
    urls = host.folder / "mysite/urls.py"
    text = urls.read_text()
    urls.write_text("\n".join(line for line in text.splitlines() if "layouts.urls" not in line))
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=host.folder,
        env=host.environment,
        capture_output=True,
        text=True,
    )
    urls.write_text(text)
    assert done.returncode == 1
    assert 'HINT: Add path("api/", include("webapp.layouts.urls"))' in done.stderr


def test_a_page_of_the_host_adapts_to_what_its_user_does(host: Host, browser: Browser) -> None:
    browser.sign_in()
    shown, payload = browser.home()
    assert shown == payload["order"]
    assert set(shown) == {"news", "mail", "tasks", "calendar", "files"}
    assert payload["status"] == "adapted"
    last = shown[-1]
    for visit in range(4):
        event = {"id": f"use-{visit}", "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        used = {**event, "type": "use", "block": last}
        body = {"decision": payload["decision"], "events": [used]}
        counted = browser.open("/api/events", json.dumps(body).encode(), "application/json")
        assert json.loads(counted)["accepted"] == 1
        host.manage("shell", "-c", NEXT_DAY)
        shown, payload = browser.home()
    assert shown == payload["order"]
    assert shown.index(last) < 4
    assert last in payload["why"]
    assert json.loads(browser.open("/api/schema"))["openapi"].startswith("3.1")


def test_an_address_that_the_api_does_not_have_is_problem_details(browser: Browser) -> None:
    with pytest.raises(HTTPError) as refused:
        browser.open("/api/nothing")
    assert refused.value.code == 404
    assert json.loads(refused.value.read())["type"] == "/api/errors#not-found"


def test_loading_again_changes_nothing_and_an_edit_raises_the_revision(
    host: Host, browser: Browser
) -> None:
    assert json.loads(host.manage("load_surfaces"))["surfaces"] == {"home": "unchanged"}
    path = host.folder / "pages/surfaces.py"
    text = path.read_text()
    path.write_text(text.replace('"title": "News"', '"title": "Latest news"'))
    assert json.loads(host.manage("load_surfaces"))["surfaces"] == {"home": "changed"}
    path.write_text(text)


def test_a_web_process_of_the_host_has_no_torch(host: Host) -> None:
    code = (
        "import sys, django; django.setup(); import mysite.urls, webapp.layouts.api.views;"
        "print(sorted({'torch', 'pandas', 'sklearn', 'fairlearn', 'ml'} & set(sys.modules)))"
    )
    host.environment["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
    assert host.run(sys.executable, "-c", code).strip() == "[]"


def test_what_the_package_asks_for_is_what_is_pinned() -> None:
    project = loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["ml"]]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    pinned = {pin.name.lower(): str(pin.specifier).removeprefix("==") for pin in pins}
    for text in asked:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pinned[requirement.name.lower()]), text
