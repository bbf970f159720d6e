"""Writes sums over people (`ml.data.sums`) to files, and reads and adds them up.

They tell of no single person, and are all that a walk through one person's past needs of others.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from webapp.codebooks.pipeline import kept_visits
from webapp.lib import stored_files

OF_LEARNERS, OF_HELD_BACK, OF_EVERYONE = kept_visits.SUMS
"""What files of these people's sums are called in what collecting left."""
Sums = Any
"""`ml.data.sums.Sums`; naming its type would import pandas into web processes."""


def sums_stored(sums: Sums, path: Path, folder: str) -> str:
    """Moves sums into a folder of the storage; returns the file's name there."""
    from ml.data.sums_json import sums_dump

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sums_dump(sums))
    name = stored_files.keep(path, f"{folder}/{path.name}")
    path.unlink()
    return name


def sums_read(names: Iterable[str]) -> Sums:
    """Returns the sums of all files together."""
    from ml.data.sums import Sums
    from ml.data.sums_json import sums_load

    everyone = Sums()
    for name in names:
        everyone.add(sums_load(stored_files.read(name)))
    return everyone
