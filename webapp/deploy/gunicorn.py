"""gunicorn's settings: `gunicorn --config webapp/deploy/gunicorn.py webapp.wsgi:application`."""

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
"""That the threads of a worker which starts wait for one another."""
os.environ.setdefault("DJANGO_SETTINGS_MODULE", OURS)
METRICS = Path(
    os.environ.setdefault(
        "PROMETHEUS_MULTIPROC_DIR", str(Path(os.environ.get("VAR_DIR", "var")) / "metrics")
    )
).resolve()

try:
    from webapp import env  # with the folder named above: importing us begins to count

    if os.environ["DJANGO_SETTINGS_MODULE"] == OURS:  # a host's settings have its own key
        env.secret_here("SECRET_KEY")
    from webapp import processes

    bind, workers, threads = processes.BIND, processes.WEB_PROCESSES, processes.WEB_THREADS

    from django.conf import settings

    is_json = getattr(settings, "LOG_FORMAT", "line") == "json"  # a host's settings have none
except ImproperlyConfigured as error:
    raise SystemExit(str(error)) from error  # gunicorn shows anything else as a traceback


class JSONLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's own lines as the project's: its options still say which, and where they go."""

    def setup(self, cfg: object) -> None:
        super().setup(cfg)
        from webapp.telemetry.logs import JSONFormatter, WithRequest

        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(JSONFormatter())
            handler.addFilter(WithRequest())


# Not a `logconfig_dict`: with one, gunicorn writes a line for every request.
logger_class = JSONLogger if is_json else Logger
# A second instance of the same user would take its socket, and not each user has a folder for it.
control_socket_disable = True
worker_class = "gthread"
timeout = 30  # seconds without a sign of life from a worker
graceful_timeout = 30
keepalive = 5
limit_request_line = 4094
limit_request_field_size = 8190
max_requests = 100_000
max_requests_jitter = 10_000  # not all at once


def on_starting(server: object) -> None:
    """Forgets what processes counted that have ended; others on this machine keep their files."""
    for path in METRICS.glob("*.db"):
        process = path.stem.rpartition("_")[2]
        if process.isdecimal() and not _is_alive(int(process)):
            path.unlink(missing_ok=True)
    _load_code()


def _load_code() -> None:
    """What workers share, once, before they are forked: one that ended is then replaced at once.

    Importing takes 2 s of a processor; if all workers end together, everybody waits for it. Made
    here are neither connections nor threads nor networks, which do not survive a fork. New code
    therefore needs a restart, or USR2: HUP keeps the old.
    """
    import django

    django.setup()
    import_module(settings.ROOT_URLCONF)


def post_worker_init(worker: Any) -> None:
    """Every thread of a worker connects to database and cache before its first request, which would
    wait for that. Whatever is away is asked for again then."""
    if (pool := getattr(worker, "tpool", None)) is None:  # another class of workers
        return
    met = Barrier(worker.cfg.threads)
    for _ in range(worker.cfg.threads):
        pool.submit(_connect, met)


def _connect(met: Barrier) -> None:
    """met: of all threads, so that none connects twice and another never."""
    from django.core.cache import cache
    from django.db import connection

    for connected in (connection.ensure_connection, lambda: cache.get("connected")):
        with suppress(Exception):
            connected()
    with suppress(BrokenBarrierError):
        met.wait(WARM_SECONDS)


def _is_alive(process: int) -> bool:
    with suppress(ProcessLookupError):
        with suppress(PermissionError):
            os.kill(process, 0)
        return True
    return False
