"""Sends heartbeats by the path of every other task: beat, broker, worker, database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from webapp.studio.models import Heartbeat

FORGOTTEN = timedelta(days=1)
"""Age at which a worker's heartbeat is deleted."""


@shared_task(name="studio.heartbeat", bind=True)  # type: ignore[untyped-decorator]
def heartbeat(self: Any) -> None:
    now = timezone.now()
    worker = (self.request.hostname or "in process")[:200]
    Heartbeat.objects.update_or_create(worker=worker, defaults={"at": now})
    Heartbeat.objects.filter(at__lt=now - FORGOTTEN).delete()
