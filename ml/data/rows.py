"""Frames of visits from plain rows, for callers without pandas (the web's tasks)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ml.data.tables import check_visits


def visits_frame(rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    """Converts rows (surface, user, at, block, uses, perhaps day) to checked visits.

    day: as it was counted when the visit was stored, in the zone of that time.
    """
    given = list(rows)
    frame = pd.DataFrame(
        [row[:5] for row in given], columns=["surface", "user", "at", "block", "uses"]
    )
    visits = check_visits(frame, "stored visits")[0]
    if days := {tuple(row[:3]): row[5] for row in given if len(row) > 5}:
        key = zip(visits["surface"], visits["user"], visits["at"], strict=True)
        visits["day"] = [days[visit] for visit in key]
    return visits


def rows_kept(path: Path) -> pd.DataFrame:
    """Reads rows that an earlier step wrote with `to_parquet`."""
    return pd.read_parquet(path)
