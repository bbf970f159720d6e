"""Stores when each worker last ran a task."""

from __future__ import annotations

from django.db import models

from webapp.lib.utc_field import UTCDateTimeField


class Heartbeat(models.Model):
    """A worker's last periodic heartbeat; beat, broker and that worker were alive then."""

    worker = models.CharField(max_length=200, unique=True)
    at = UTCDateTimeField(db_index=True)

    class Meta:
        db_table = "studio_heartbeat"

    def __str__(self) -> str:
        return f"{self.worker} at {self.at:%Y-%m-%d %H:%M:%S}"
