"""Converts frames to plain rows and back, for callers without pandas (the web's tasks)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from ml.data.tables import check_visits


class VisitRow(NamedTuple):
    """One used block. seconds: since 1970, UTC; day: whole UTC days since 1970."""

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


def visits_frame(rows: Iterable[tuple[str, str, str, str, int]]) -> pd.DataFrame:
    """Converts rows (surface, user, at, block, uses) to checked visits."""
    frame = pd.DataFrame(list(rows), columns=["surface", "user", "at", "block", "uses"])
    return check_visits(frame, "stored visits")[0]


def visits_kept(path: Path) -> pd.DataFrame:
    """Reads checked visits that an earlier step wrote with `to_parquet`."""
    return pd.read_parquet(path)
