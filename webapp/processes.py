"""Listening address, and numbers of processes and threads."""

from __future__ import annotations

from webapp import env

BIND = env.address(
    "BIND", "127.0.0.1:8000", help="Where gunicorn listens; several places with commas."
)
WEB_PROCESSES = env.integer(
    "WEB_PROCESSES", 2, low=1, high=1000, help="gunicorn's processes on this machine."
)
WEB_THREADS = env.integer(
    "WEB_THREADS", 2, low=1, high=1000, help="Threads of each of gunicorn's processes."
)
WORKER_PROCESSES = env.integer(
    "WORKER_PROCESSES", 2, low=1, high=1000, help="Processes of the Procfile's Celery worker."
)
