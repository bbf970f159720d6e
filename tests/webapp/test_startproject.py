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
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest

from tests.patience import PATIENCE
from tests.webapp.wheel import ROOT, Host, index_is_there

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


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Host:
    """The project after the README's first commands, word for word; its wheel is this checkout."""
    if not index_is_there() and "CI" not in os.environ:
        pytest.skip("No package index can be reached from here: nothing can be installed.")
    folder = tmp_path_factory.mktemp("host")
    host = Host(folder, wheel, folder / "env/bin/python")
    make, *rest = COMMANDS[0]
    assert make.split()[1:] == ["-m", "venv", "env"]
    script = "\n".join(["set -e", f"{sys.executable} -m venv env", *rest])
    host.run("bash", "-c", script.replace("CHECKOUT", str(wheel)))
    for name, text in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if "settings" in name else ""
        path.write_text(before + text)
    return host


@dataclass
class Browser:
    """The browser of a signed-in user."""

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
        """Returns block ids in the HTML's order, and the payload in the page."""
        html = self.open("/")
        boot = html.split('<script type="application/json">')[1].split("</script>")[0]
        return re.findall(r'<section data-block="([^"]+)"', html), json.loads(boot)["payload"]


@pytest.fixture(scope="module")
def browser(host: Host) -> Iterator[Browser]:
    """Runs the README's second block of commands, up to the running server."""
    arguments = [line.split()[2:] for line in COMMANDS[1]]
    assert [a[0] for a in arguments][-2:] == ["createsuperuser", "runserver"]
    for words in arguments[:-2]:
        host.manage(*words)
    account = ["--noinput", "--username=ada", "--email=ada@example.org"]
    host.manage("createsuperuser", *account, DJANGO_SUPERUSER_PASSWORD="pw")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    server = subprocess.Popen(
        [host.python, "manage.py", "runserver", "--noreload", address],
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


def test_the_package_brings_our_code_and_nothing_of_the_tests_environment(host: Host) -> None:
    code = "import webapp, ml, uiengine, sys; print(webapp.__file__, *sys.path)"
    shown = host.run(host.python, "-c", code)
    assert str(host.folder) in shown.split()[0]
    assert str(ROOT) not in shown
    assert "pytest" not in host.run(host.python, "-m", "pip", "list")


def test_the_check_finds_nothing_and_names_what_is_taken_away(host: Host) -> None:
    assert "no issues" in host.manage("check")
    assert "(layouts.I001) Celery's own beat takes the schedule" in host.manage("check", "--deploy")
    urls = host.folder / "mysite/urls.py"
    text = urls.read_text()
    urls.write_text("\n".join(line for line in text.splitlines() if "layouts.urls" not in line))
    done = host.attempt(host.python, "manage.py", "check")
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
    shown = host.run(host.python, "-c", code, DJANGO_SETTINGS_MODULE="mysite.settings")
    assert shown.strip() == "[]"


EXTRA_APP = 'from mysite.settings import *\nINSTALLED_APPS += ["drf_spectacular_sidecar"]\n'


def test_docs_alone_brings_the_page_of_the_api(
    host: Host, tmp_path_factory: pytest.TempPathFactory
) -> None:
    docs = host.with_extra("docs", tmp_path_factory.mktemp("docs"))
    (host.folder / "mysite/with_docs.py").write_text(EXTRA_APP)
    code = (
        "import django; django.setup(); from django.test import Client;"
        "page = Client().get('/api/docs', headers={'host': 'localhost'});"
        "print(page.status_code, 'swagger-ui-bundle.js' in page.content.decode())"
    )
    shown = docs.run(docs.python, "-c", code, DJANGO_SETTINGS_MODULE="mysite.with_docs")
    assert shown.split() == ["200", "True"]


def test_otel_alone_brings_traces_and_without_it_a_line_says_what_is_missing(
    host: Host, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = "from mysite.settings import *\nUIENGINE_OTLP_ENDPOINT = 'http://127.0.0.1:9'\n"
    (host.folder / "mysite/traced.py").write_text(settings)
    traced = host.with_extra("otel", tmp_path_factory.mktemp("otel"))
    named = {"DJANGO_SETTINGS_MODULE": "mysite.traced"}
    assert "install 'uiengine[otel]'" in host.manage("check", **named)
    assert "tracing.not_installed" not in traced.manage("check", **named)


def test_redis_alone_brings_the_cache_and_without_it_the_cache_names_the_extra(
    host: Host, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = {"BACKEND": "webapp.lib.cache.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
    settings = f"from mysite.settings import *\nCACHES = {{'default': {place}}}\n"
    (host.folder / "mysite/cached.py").write_text(settings)
    code = "import django; django.setup(); from django.core.cache import cache; cache.get('x')"
    named = {"DJANGO_SETTINGS_MODULE": "mysite.cached"}
    cached = host.with_extra("redis", tmp_path_factory.mktemp("redis"))
    without = host.attempt(host.python, "-c", code, **named)
    assert without.stderr.splitlines()[-1].endswith("pip install 'uiengine[redis]'")
    asked = cached.attempt(cached.python, "-c", code, **named)
    assert "Connection refused" in asked.stderr.splitlines()[-1]


def test_postgres_alone_brings_the_backend(
    host: Host, tmp_path_factory: pytest.TempPathFactory
) -> None:
    postgres = host.with_extra("postgres", tmp_path_factory.mktemp("postgres"))
    named = {"DJANGO_SETTINGS_MODULE": "mysite.settings"}
    code = "import django; django.setup(); import webapp.postgres.base"
    postgres.run(postgres.python, "-c", code, **named)


@pytest.mark.parametrize(
    "command",
    [
        *("manage.py import_visits visits.csv", "manage.py retrain --surface home"),
        *("manage.py refresh --surface home", "manage.py audit --surface home"),
        *("manage.py judge innate --surface home", "manage.py load_fixtures"),
        *("-m ml.audit --help", "-m ml.train --help", "-m ml.replay", "-m ml.ope --help"),
    ],
)
def test_without_ml_a_command_that_needs_it_names_the_extra(
    host: Host, browser: Browser, command: str
) -> None:
    done = host.attempt(host.python, *command.split())
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].endswith("pip install 'uiengine[ml]'")
