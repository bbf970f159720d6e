"""`manage.py demo`: everything a first look needs, in one terminal; Ctrl-C stops all of it."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse

from webapp.demo.children import ChildDied, Children, port_is_free
from webapp.demo.goals import goal_declare
from webapp.lib.database_command import DatabaseCommand

START_SECONDS = 90
THREADS = 8


class Command(DatabaseCommand):
    help = "Prepares the database, loads the fixtures and runs web, worker and beat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")

    def handle(self, *args: Any, port: int, host: str, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "DEMO is off, as it is in production: the demo would load simulated people into "
                "this database and start another beat. Set DEMO=yes if that is meant, or unset "
                "SECRET_KEY."
            )
        if not port_is_free(host, port):
            raise CommandError(
                f"Port {port} on {host} is in use. Stop what listens there, or choose another: "
                f"make run PORT={port + 1}"
            )
        self._prepare()
        children = Children(Path(tempfile.mkdtemp(prefix="demo-")))
        _on_signals(_interrupt)
        try:
            _start(children, host, port)
            self._wait_until_healthy(children, f"http://{host}:{port}")
            while True:
                time.sleep(0.5)
                children.check()
        except ChildDied as death:
            raise CommandError(str(death)) from death
        except KeyboardInterrupt:
            self.stdout.write("\nStopping …")
        finally:
            _on_signals(signal.SIG_IGN)  # a second Ctrl-C must not leave children behind
            children.stop()
        self.stdout.write("Stopped.")

    def _prepare(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write("Loading fixtures …")
        call_command("load_fixtures", verbosity=0)
        goal_declare()

    def _wait_until_healthy(self, children: Children, address: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            children.check()
            if _is_healthy(address):
                self.stdout.write(
                    f"The demo runs at {address}/ (logs in {children.logs}). Ctrl-C stops it."
                )
                self.stdout.flush()
                return
            time.sleep(0.2)
        raise CommandError(
            f"{address}{reverse('uiengine_layouts:health')} did not answer 200 within "
            f"{START_SECONDS} s. "
            f"Look into {children.logs}."
        )


def _start(children: Children, host: str, port: int) -> None:
    python = [sys.executable, "-m"]
    env = {"DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]}
    celery = [*python, "celery", "--app", "webapp", "--quiet"]
    listen = f"--listen={host}:{port}"
    children.start(
        "web",
        [*python, "waitress", listen, f"--threads={THREADS}", "webapp.wsgi:application"],
        env,
    )
    children.start(
        "worker",
        [*celery, "worker", "--loglevel=WARNING", "--concurrency=1", "--without-mingle"],
        env,
    )
    children.start("beat", [*celery, "beat", "--loglevel=WARNING", "--pidfile="], env)


def _is_healthy(address: str) -> bool:
    try:
        with urlopen(address + reverse("uiengine_layouts:health"), timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _on_signals(act: Callable[..., None] | signal.Handlers) -> None:
    """Sets the handler even where SIGINT is ignored, as a shell does for commands run with `&`."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, act)
