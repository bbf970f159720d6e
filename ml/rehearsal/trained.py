"""Trains a version for a rehearsal alone, on the people whom the rehearsal does not judge."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ml.evaluation.held_back import split
from ml.progress import Progress
from ml.training.train import train_version
from uiengine.page.surface import Surface


def trained_for_rehearsal(
    visits: pd.DataFrame, surface: Surface, innate: Path | None, out: Path, progress: Progress
) -> Path:
    """Returns the folder `out`, which the caller deletes: the version is registered nowhere.

    Raises:
        TooLittleDataError: too few visits of the others.
    """
    others, _ = split(visits)
    train_version(others, out, surfaces={surface.slug: surface}, innate=innate, progress=progress)
    return out
