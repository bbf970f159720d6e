"""Real visits split by user, so that nobody is learned from and judged on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ml.experiments.split import split_frame


def split_by_user(visits: Path, out: Path, held_back: float = 0.25) -> tuple[Path, Path]:
    """Writes train.parquet and test.parquet to `out`; a user's side follows from a hash."""
    paths = out / "train.parquet", out / "test.parquet"
    for path, frame in zip(paths, split_frame(pd.read_parquet(visits), held_back), strict=True):
        frame.to_parquet(path)
    return paths
