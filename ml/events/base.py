"""The temporary DuckDB database of one import of events."""

from __future__ import annotations

from pathlib import Path

from ml.data.disk_base import DiskBase
from ml.events.formats import MACROS


class Base(DiskBase):
    """unpacked: a folder for files that come out of archives."""

    def __init__(self, inside: Path | None = None) -> None:
        super().__init__(inside)
        self.unpacked = self.home / "unpacked"
        self.unpacked.mkdir()
        self.execute(MACROS)
