"""Temporary folders of running steps, and their removal after a crash."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from webapp.codebooks.models import Run
from webapp.codebooks.pipeline import enqueue


def work_folder(run: Run) -> Path:
    return Path(settings.VAR_DIR) / "runs" / str(run.pk)


def work_sweep() -> None:
    """Deletes folders of finished runs on this machine, because they contain visits."""
    for folder in (Path(settings.VAR_DIR) / "runs").glob("*"):
        if not Run.objects.filter(pk=folder.name, state__in=enqueue.ACTIVE).exists():
            shutil.rmtree(folder, ignore_errors=True)
