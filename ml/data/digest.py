"""Names a table of visits by its content, so that figures can be tied to the data behind them."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import duckdb
import pandas as pd

COLUMNS = ["surface", "user", "at", "block", "uses"]
AT_ONCE = 100_000
"""Rows written at once."""


def visits_digest(visits: pd.DataFrame) -> str:
    """SHA-256 over the rows as CSV, sorted; rows in any order and files in any format give one."""
    ordered = visits[COLUMNS].sort_values(COLUMNS[:4], kind="stable")
    found = hashlib.sha256()
    for start in range(0, len(ordered), AT_ONCE):
        found.update(_lines(ordered.iloc[start : start + AT_ONCE]))
    return found.hexdigest()


def file_digest(path: Path) -> str:
    """`visits_digest` of a Parquet file of visits, sorted on disk beside it: memory is bounded."""
    spill = path.with_suffix(".spill")
    found = hashlib.sha256()
    with duckdb.connect() as base:
        base.execute("SET memory_limit='300MB'; SET threads=1")
        base.execute("SET temp_directory=?", [str(spill)])
        rows = base.sql(
            'SELECT surface, "user", "at", block, uses FROM read_parquet(?) ORDER BY 1, 2, 3, 4',
            params=[str(path)],
        )
        for part in rows.to_arrow_reader(AT_ONCE):
            found.update(_lines(part.to_pandas()))
    shutil.rmtree(spill, ignore_errors=True)
    return found.hexdigest()


def _lines(rows: pd.DataFrame) -> bytes:
    return rows.to_csv(index=False, header=False, lineterminator="\n").encode()
