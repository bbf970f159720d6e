"""The shipped nginx set-up before a project of two people, whose page is public."""

from __future__ import annotations

import getpass
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import IO

from tests.patience import PATIENCE
from tests.webapp.behind_nginx import nginx_found
from tests.webapp.foreign_host import around, run, site

ROOT = Path(__file__).parents[3]
SETUP = ROOT / "webapp/deploy/public-pages.conf"
WORKER = ROOT / "webapp/layouts/static/uiengine/book-worker.js"
SETTINGS = """
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
USE_I18N, LANGUAGE_CODE = True, "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("ar", "العربية")]
INSTALLED_APPS += ["mysite"]
MIDDLEWARE = ["webapp.middleware.probes_answered", "webapp.layouts.errors.middleware.api_problems",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware", "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware"]
UIENGINE_THROTTLES = {"layout": 1000, "write": 1000}
"""
URLS = """
from django.http import FileResponse
from django.urls import include, path
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView
page = cache_control(public=True, max_age=3)(TemplateView.as_view(template_name="page.html"))
urlpatterns = [path("ops/", include("webapp.observability.urls")),
    path("api/", include("webapp.layouts.urls")), path("", page),
    path("book-worker.js", lambda _: FileResponse(open(%r, "rb"), content_type="text/javascript"))]
"""
WSGI = """
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
"""
PAGE = """{% load adaptive_layout %}<!doctype html><title>Home</title>
{% adaptive_layout "home" from="book" %}
"""
SEED = """
import gzip
import json

import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from webapp.codebooks.books import book_make
from webapp.codebooks.gate.promotion import innate_ship
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save

call_command("migrate", verbosity=0)
block = {"sizes": {"*": {"default": [1, 1]}}}
surface_save({"slug": "home", "title": "Home", "breakpoints": [{"name": "all", "min_width": 0,
    "columns": 2}], "blocks": [{"id": i, "title": i, **block} for i in ("news", "forum", "mail")]})
innate_ship()
made = book_make(surface=Surface.objects.get(), now=timezone.now())
book = json.loads(gzip.decompress(made.body))
orders = [[book["blocks"][i] for i in order] for order in book["orders"]]
print(made.hash, json.dumps(orders, separators=(",", ":")))
for name in ("ada", "grace"):
    client = Client()
    client.force_login(User.objects.create_user(name))
    print(client.cookies["sessionid"].value)
"""
AROUND = """
user {user}; daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  include {folder}/public-pages.conf;
}}
"""
Headers = dict[str, str]


@dataclass
class Cached:
    """book: the hash of today's; orders: its entries'; sessions: of two people; cache: nginx'
    folder."""

    port: int
    book: str
    orders: list[list[str]]
    sessions: list[str]
    cache: Path
    log: Path
    server: subprocess.Popen[str] = field(repr=False)
    nginx: list[str] = field(repr=False)
    running: ExitStack = field(default_factory=ExitStack, repr=False)

    def begin(self) -> None:
        """Starts nginx."""
        self.running.enter_context(_running(self.log.parent, self.nginx))
        _wait(self.log.parent, self)

    def cut(self) -> None:
        """Ends nginx, so that browsers have no network."""
        self.running.close()

    def ask(self, path: str, **headers: str) -> tuple[int, Headers, bytes]:
        there = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        there.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = there.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        there.close()
        return found

    @property
    def reached(self) -> int:
        """Requests that reached the origin so far, which it writes down after it answered."""
        time.sleep(0.5)
        return len(self.log.read_text().splitlines())


@contextmanager
def cached_site(folder: Path) -> Iterator[Cached]:
    """Starts both servers; skips where nginx is absent."""
    nginx = nginx_found()
    host = site(folder, settings=SETTINGS, urls=URLS % str(WORKER), wsgi=WSGI)
    (host / "mysite" / "templates").mkdir()
    (host / "mysite" / "templates" / "page.html").write_text(PAGE)
    book, orders, *sessions = run(host, "-c", SEED).split()
    origin, port = _free_ports()
    _configured(host, origin, port)
    gunicorn = [sys.executable, "-m", "gunicorn", "--threads", "4", "mysite.wsgi"]
    gunicorn += ["--bind", f"127.0.0.1:{origin}", "--access-logfile", str(host / "access.log")]
    with ExitStack() as stack:
        server = stack.enter_context(_running(host, gunicorn))
        cache, log = host / "cache", host / "access.log"
        command = [nginx, "-c", str(host / "nginx.conf")]
        found = Cached(port, book, json.loads(orders), sessions, cache, log, server, command)
        stack.callback(found.cut)
        found.begin()
        yield found


def _configured(host: Path, origin: int, port: int) -> None:
    """The shipped file, with this place's folder and ports."""
    text = SETUP.read_text()
    for shipped, here in (
        ("/var/cache/nginx/layouts", str(host / "cache")),
        ("127.0.0.1:8000", f"127.0.0.1:{origin}"),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
    ):
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, here)
    (host / "public-pages.conf").write_text(text)
    (host / "nginx.conf").write_text(AROUND.format(folder=host, user=getpass.getuser()))


@contextmanager
def _running(host: Path, command: list[str]) -> Iterator[subprocess.Popen[str]]:
    log: IO[str]
    with (host / "servers.log").open("a") as log:
        process = subprocess.Popen(command, **around(host), stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait(host: Path, found: Cached) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if found.ask("/ops/health/live")[0] == 200:
                return
        except OSError:
            pass
        logs = "".join(path.read_text() for path in host.glob("*.log"))
        assert time.monotonic() < deadline, logs[-5000:]
        time.sleep(0.1)


def _free_ports() -> list[int]:
    sockets = [socket.socket() for _ in range(2)]
    try:
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in sockets]
    finally:
        for probe in sockets:
            probe.close()
