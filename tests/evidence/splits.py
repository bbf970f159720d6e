"""Splits real visits by user, so that training and test share no user."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ml.experiments.split import split_frame


def split_by_user(visits: Path, out: Path, held_back: float = 0.25) -> tuple[Path, Path]:
    """Writes train.parquet and test.parquet to `out`; a hash decides a user's side."""
    paths = out / "train.parquet", out / "test.parquet"
    for path, frame in zip(paths, split_frame(pd.read_parquet(visits), held_back), strict=True):
        frame.to_parquet(path)
    return paths
