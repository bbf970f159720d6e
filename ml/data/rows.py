"""Converts frames to plain rows and back, for callers without pandas (the web's tasks)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ml.data.tables import check_visits


class VisitRow(NamedTuple):
    """One used block. seconds: since 1970, UTC; day: whole days since 1970."""

    surface: str
    user: str
    seconds: float
    day: int
    block: str
    uses: int


def visit_rows(visits: pd.DataFrame) -> list[VisitRow]:
    """Converts checked visits to rows sorted by surface, user, time and block."""
    ordered = visits.sort_values(["surface", "user", "when", "block"])
    seconds = ordered["when"].to_numpy().astype("datetime64[ms]").astype("int64") / 1000
    columns = [ordered[name].tolist() for name in ("surface", "user")]
    rest = [ordered[name].tolist() for name in ("day", "block", "uses")]
    return [VisitRow(*row) for row in zip(*columns, seconds.tolist(), *rest, strict=True)]


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
