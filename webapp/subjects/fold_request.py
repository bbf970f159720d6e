"""Asks a worker to fold a profile's events; the Celery task is named, not imported."""

from __future__ import annotations

import logging
import time

from celery import current_app

log = logging.getLogger(__name__)
TASK = "subjects.fold_profile"
BROKER_PAUSE = 5.0
"""Seconds without another attempt after the broker failed."""


class Broker:
    """Remembers that the broker was unavailable, because finding out takes seconds each time."""

    def __init__(self) -> None:
        self.silent_until = 0.0

    def send(self, profile_id: int) -> None:
        """Sends the task's message; while the broker is unavailable, leaves it to the sweep."""
        if time.monotonic() < self.silent_until:
            return
        try:
            current_app.send_task(TASK, [profile_id])
        except Exception:
            self.silent_until = time.monotonic() + BROKER_PAUSE
            log.warning("events.broker_unavailable", exc_info=True)


broker = Broker()


def folding_request(profile_id: int) -> None:
    broker.send(profile_id)
