"""Real visits split by user, so that nobody is learned from and judged on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd


def split_by_user(visits: Path, out: Path, held_back: float = 0.25) -> tuple[Path, Path]:
    """Writes train.parquet and test.parquet to `out`; a user's side follows from a hash."""
    frame = pd.read_parquet(visits)
    users = frame.user.unique()
    digest = [int(hashlib.sha256(u.encode()).hexdigest()[:8], 16) / 2**32 for u in users]
    is_held = frame.user.map(dict(zip(users, (d < held_back for d in digest), strict=True)))
    train, test = out / "train.parquet", out / "test.parquet"
    frame[~is_held.astype(bool)].to_parquet(train)
    frame[is_held.astype(bool)].to_parquet(test)
    return train, test
