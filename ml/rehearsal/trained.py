"""Trains a version for a rehearsal alone, on the people whom the rehearsal does not judge."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ml.evaluation.held_back import split
from ml.learning.settings import Settings
from ml.progress import Progress
from ml.training.train import train_version
from uiengine.page.surface import Surface


def trained_for_rehearsal(
    visits: pd.DataFrame,
    surface: Surface,
    innate: Path | None,
    out: Path,
    progress: Progress,
    *,
    is_smoke: bool = False,
) -> Path:
    """Returns the folder `out`, which the caller deletes: the version is registered nowhere.

    is_smoke: a few steps only, which show that it works.

    Raises:
        TooLittleDataError: too few visits of the others.
    """
    others, _ = split(visits)
    train_version(
        others,
        out,
        surfaces={surface.slug: surface},
        innate=innate,
        progress=progress,
        settings=Settings().smoke() if is_smoke else None,
    )
    return out
