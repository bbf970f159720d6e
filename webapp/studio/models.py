"""When each worker last carried out a task."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """Written by a task that beat asks for: beat, broker and that worker were alive then."""

    worker = models.CharField(max_length=200, unique=True)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.worker} at {self.at:%Y-%m-%d %H:%M:%S}"
