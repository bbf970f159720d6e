"""Where imports keep rows of people on this machine, and their removal after a crash."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

KEPT = timedelta(days=1)
"""Time after the last write from which a folder was left by a killed process."""


def local_home() -> Path:
    """The folder for temporary folders of imports; nobody but this user may look into it."""
    home = Path(settings.VAR_DIR) / f"imports-{os.getuid()}"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home


def local_sweep(*, now: datetime) -> None:
    """Deletes what killed imports left on this machine."""
    for folder in local_home().iterdir():
        if _last_write(folder) < (now - KEPT).timestamp():
            shutil.rmtree(folder, ignore_errors=True)


def _last_write(folder: Path) -> float:
    """Seconds since 1970; endless where something vanishes while it is looked at."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    except FileNotFoundError:  # of an import at work, which deletes what it has read
        return float("inf")
