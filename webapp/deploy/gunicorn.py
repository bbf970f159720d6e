"""Settings of gunicorn: `gunicorn --config webapp/deploy/gunicorn.py webapp.wsgi:application`."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from gunicorn.glogging import Logger

OURS = "webapp.settings"
WARM_SECONDS = 5.0
"""Seconds that threads of a new worker wait for one another to connect."""
os.environ.setdefault("DJANGO_SETTINGS_MODULE", OURS)
METRICS = Path(
    os.environ.setdefault(
        "PROMETHEUS_MULTIPROC_DIR", str(Path(os.environ.get("VAR_DIR", "var")) / "metrics")
    )
).resolve()

try:
    from webapp import env

    if os.environ["DJANGO_SETTINGS_MODULE"] == OURS:  # a host project has its own key
        env.secret_here("SECRET_KEY")
    import_module("webapp.telemetry.metrics")  # after setting the folder, which it makes
    from webapp import processes
    from webapp.telemetry.metric_files import fold_ended

    bind, workers, threads = processes.BIND, processes.WEB_PROCESSES, processes.WEB_THREADS

    from django.conf import settings

    is_json = getattr(settings, "LOG_FORMAT", "line") == "json"  # a host may not define it
except ImproperlyConfigured as error:
    raise SystemExit(str(error)) from error  # other exceptions would print a traceback


class JSONLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Writes gunicorn's log as JSON; its options still set level and destination."""

    def setup(self, cfg: object) -> None:
        super().setup(cfg)
        from webapp.telemetry.logs import JSONFormatter, WithRequest

        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(JSONFormatter())
            handler.addFilter(WithRequest())


# `logconfig_dict` is not used: with it, gunicorn logs every request.
logger_class = JSONLogger if is_json else Logger
# Two instances of one user would share the socket, and some users have no folder for it.
control_socket_disable = True
worker_class = "gthread"
timeout = 30  # seconds without a heartbeat of a worker
graceful_timeout = 30
keepalive = 5
limit_request_line = 4094
limit_request_field_size = 8190
max_requests = 100_000
max_requests_jitter = 10_000  # so that workers do not restart together


def on_starting(server: object) -> None:
    """Adds up the metrics of processes that have ended, and imports the code."""
    fold_ended(METRICS)
    _load_code()


def child_exit(server: object, worker: object) -> None:
    """Adds the metrics of a worker that has ended to those of the ones before it."""
    fold_ended(METRICS)


def _load_code() -> None:
    """Imports the code once before forking, so that a replacement worker starts at once.

    Importing takes 2 s of processor time; if all workers end together, all requests wait for it.
    It opens no connections and starts no threads or networks, which do not survive a fork. New code
    therefore needs a restart or USR2: HUP keeps the old code.
    """
    import django

    django.setup()
    import_module(settings.ROOT_URLCONF)


def post_worker_init(worker: Any) -> None:
    """Connects every thread of a worker to database and cache before its first request.

    Otherwise that request would wait. A server that is unavailable is tried again then.
    """
    if (pool := getattr(worker, "tpool", None)) is None:  # another worker class
        return
    met = Barrier(worker.cfg.threads)
    for _ in range(worker.cfg.threads):
        pool.submit(_connect, met)


def _connect(met: Barrier) -> None:
    """Connects the calling thread to database and cache; errors are ignored.

    met: barrier of all threads, so that none takes two of the tasks.
    """
    from django.core.cache import cache

    from webapp.lib import database

    with suppress(Exception):
        database.connection().ensure_connection()
    with suppress(Exception):
        cache.get("connected")
    with suppress(BrokenBarrierError):
        met.wait(WARM_SECONDS)
