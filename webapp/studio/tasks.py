"""Celery's door to the sign of life: beat, broker, worker and database, as for every task."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from webapp.lib.times import utc_now
from webapp.studio.heartbeat import heartbeat_write


@shared_task(name="studio.heartbeat", bind=True)  # type: ignore[untyped-decorator]
def heartbeat(self: Any) -> None:
    heartbeat_write(worker=self.request.hostname or "in process", now=utc_now())
