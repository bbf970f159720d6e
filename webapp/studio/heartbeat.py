"""Signs of life of the workers, and which workers are forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from webapp.studio.models import Heartbeat

FORGOTTEN = timedelta(days=1)
"""Silence after which a worker is not listed any more."""


def heartbeat_write(*, worker: str, now: datetime) -> None:
    Heartbeat.objects.update_or_create(worker=worker[:200], defaults={"at": now})
    Heartbeat.objects.filter(at__lt=now - FORGOTTEN).delete()
