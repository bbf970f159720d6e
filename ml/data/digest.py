"""Names a table of visits by its content, so that figures can be tied to the data behind them."""

from __future__ import annotations

import hashlib

import pandas as pd

COLUMNS = ["surface", "user", "at", "block", "uses"]
AT_ONCE = 100_000
"""Rows written at once."""


def visits_digest(visits: pd.DataFrame) -> str:
    """SHA-256 over the rows as CSV, sorted; rows in any order and files in any format give one."""
    ordered = visits[COLUMNS].sort_values(COLUMNS[:4], kind="stable")
    found = hashlib.sha256()
    for start in range(0, len(ordered), AT_ONCE):
        part = ordered.iloc[start : start + AT_ONCE]
        found.update(part.to_csv(index=False, header=False, lineterminator="\n").encode())
    return found.hexdigest()
