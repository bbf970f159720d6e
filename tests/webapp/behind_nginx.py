"""Starts a host project at two sub-paths of a real nginx, by Django's setting and by the server's.

Below `/forced` the proxy takes the path off, and FORCE_SCRIPT_NAME says so; below `/server`
gunicorn takes it off itself (SCRIPT_NAME). The API is at `ui/`, below the language.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.patience import PATIENCE
from tests.webapp.foreign_host import around, run, site

SETTINGS = """
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
USE_I18N, LANGUAGE_CODE = True, "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("ar", "العربية")]
STATIC_ROOT = BASE_DIR / "collected"
INSTALLED_APPS += ["mysite"]
MIDDLEWARE = ["webapp.middleware.probes_answered", "webapp.layouts.errors.middleware.api_problems",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware", "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware"]
REST_FRAMEWORK = {"NUM_PROXIES": 2}
UIENGINE_THROTTLES = {"layout": 30, "write": 100}
"""
URLS = """
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from django.views.generic import TemplateView
urlpatterns = [path("ops/", include("webapp.observability.urls")), *i18n_patterns(
    path("ui/", include("webapp.layouts.urls")),
    path("", TemplateView.as_view(template_name="page.html")))]
"""
WSGI = """
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
"""
PAGE = """{% load static adaptive_layout %}<!doctype html><title>Home</title>
<script type="module" src="{% static 'uiengine/adaptive-layout.js' %}"></script>
{% adaptive_layout "home" controls=True subject="host:ann" %}
"""
SEED = """
import django
django.setup()
from django.core.management import call_command
from webapp.codebooks.gate.promotion import innate_ship
from webapp.surfaces.services import surface_save

call_command("migrate", verbosity=0)
call_command("collectstatic", verbosity=0, interactive=False)
block = {"sizes": {"*": {"default": [1, 1]}}}
surface_save({"slug": "home", "title": "Home", "breakpoints": [{"name": "all", "min_width": 0,
    "columns": 2}], "blocks": [{"id": i, "title": i, **block} for i in ("news", "forum")]})
innate_ship()
"""
NGINX = """
user {user}; daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  types {{ text/javascript js; text/css css; image/svg+xml svg; }}
  gzip on; gzip_min_length 1; gzip_types application/json;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  server {{
    listen 127.0.0.1:{port};
    location /forced/static/ {{ alias {folder}/collected/; }}
    location /server/static/ {{ alias {folder}/collected/; }}
    location /forced/ {{ proxy_pass http://127.0.0.1:{forced}/; }}
    location /server/ {{ proxy_pass http://127.0.0.1:{server}; }}
  }}
  server {{ listen 127.0.0.1:{cdn}; location / {{ proxy_pass http://127.0.0.1:{port}; }} }}
}}
"""


@dataclass(frozen=True)
class Front:
    """port: nginx's own; cdn: of a second proxy before it; token: of the person host:ann."""

    port: int
    cdn: int
    token: str

    def ask(
        self, path: str, *, method: str = "GET", body: str = "", at: int = 0, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Returns status, headers and body. at: another port; `source`: the caller's address."""
        source = (headers.pop("source", "127.0.0.1"), 0)
        there = HTTPConnection("127.0.0.1", at or self.port, PATIENCE, source)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        there.request(method, quote(path, safe="/?=&%#"), body.encode() or None, named)
        answer: HTTPResponse = there.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        there.close()
        return found

    @property
    def as_ann(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def nginx_found() -> str:
    """The program; skips where it is absent."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        if os.environ.get("CI"):
            pytest.fail("CI is set, where nothing may skip, and nginx is not installed.")
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    return nginx


@contextmanager
def front(folder: Path) -> Iterator[Front]:
    """Starts nginx and two servers of one project; skips where nginx is absent."""
    nginx = nginx_found()
    forced = "from mysite.settings import *\nFORCE_SCRIPT_NAME = '/forced'\n"
    host = site(folder, settings=SETTINGS, urls=URLS, wsgi=WSGI, forced=forced)
    (host / "mysite" / "templates").mkdir()
    (host / "mysite" / "templates" / "page.html").write_text(PAGE)
    run(host, "-c", SEED)
    token = run(host, "-m", "django", "user_token", "host:ann").split()[0]
    ports = dict(zip(("port", "cdn", "forced", "server"), _free_ports(4), strict=True))
    (host / "nginx.conf").write_text(NGINX.format(folder=host, user=getpass.getuser(), **ports))
    with ExitStack() as stack:
        for name, more in (
            ("forced", {"DJANGO_SETTINGS_MODULE": "mysite.forced"}),
            ("server", {"SCRIPT_NAME": "/server"}),
        ):
            command = [sys.executable, "-m", "gunicorn", "--threads", "2", "mysite.wsgi"]
            command += ["--bind", f"127.0.0.1:{ports[name]}"]
            stack.enter_context(_running(host, name, command, more))
        stack.enter_context(_running(host, "nginx", [nginx, "-c", str(host / "nginx.conf")], {}))
        found = Front(ports["port"], ports["cdn"], token)
        _wait(host, found)
        yield found


@contextmanager
def _running(host: Path, name: str, command: list[str], more: dict[str, str]) -> Iterator[None]:
    given = around(host)
    environment = {**given.pop("env"), **more}
    with (host / f"{name}.log").open("w") as log:
        process = subprocess.Popen(command, **given, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait(host: Path, found: Front) -> None:
    deadline = time.monotonic() + PATIENCE
    for prefix in ("/forced", "/server"):
        while not _is_up(found, f"{prefix}/ops/health/live"):
            logs = "".join(path.read_text() for path in host.glob("*.log"))
            assert time.monotonic() < deadline, logs[-5000:]
            time.sleep(0.1)


def _is_up(found: Front, path: str) -> bool:
    try:
        return found.ask(path)[0] == 200
    except OSError:
        return False


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in sockets]
    finally:
        for probe in sockets:
            probe.close()
