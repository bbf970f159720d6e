"""Ends imports that nobody goes on with, and deletes files that no import needs any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from webapp.lib import stored_files
from webapp.subjects.imports.parts.life import FOLDER
from webapp.subjects.imports.parts.local_files import local_sweep
from webapp.subjects.models import Import

KEPT = timedelta(days=1)
"""Time during which a command goes on with an import that was left."""
AT_REST = timedelta(minutes=10)
"""Time after which an erasure takes an import for left: its files may name who was erased."""


def imports_sweep(*, now: datetime, idle: timedelta = KEPT) -> None:
    """idle: time without a part begun or stored after which an import counts as left.

    Files without an import were left by a killed process.
    """
    since, running = now - idle, Import.objects.filter(state=Import.State.RUNNING)
    is_busy = Q(parts__started_at__gte=since) | Q(parts__finished_at__gte=since)
    copies_files = Q(parts=None, started_at__gte=now - KEPT)
    busy = running.filter(is_busy | copies_files | Q(started_at__gte=since))
    running.exclude(pk__in=busy.values("pk")).update(
        state=Import.State.FAILED, error="Nobody went on with it.", finished_at=now
    )
    found = stored_files.folders(FOLDER)  # before the imports are read: one may begin meanwhile
    kept = {str(pk) for pk in running.values_list("pk", flat=True)}
    for name in found:
        if name not in kept:
            stored_files.clear(f"{FOLDER}/{name}")
    local_sweep(now=now)
