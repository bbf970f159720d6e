"""Trains a version from visits: a new one, or one fine-tuned from another version."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ml.data.histories import mean_shares, pages, visits_of
from ml.layouts.part import carried
from ml.learning import calibration
from ml.learning.examples import build_examples
from ml.learning.loop import fit
from ml.learning.settings import Settings
from ml.progress import Progress, within
from ml.training.drafting import draft_of
from ml.training.start import kinds_of, load_fitted, usable
from ml.versions.draft import Draft
from ml.versions.folder import ExportedLayouts
from uiengine.page.surface import Surface

FINE_RATE = 1e-3
"""Learning rate from an innate version on."""
FINE_STEPS, LEAST_EPOCHS, MOST_EPOCHS = 300, 4, 20
"""From an innate version on: steps wanted, and the epochs that they may take."""
STEPS_PER_EPOCH, LEAST_BATCH = 8, 64
"""A small surface trains with smaller batches, so that an epoch has at least so many steps."""


def train_version(
    visits: pd.DataFrame,
    out: Path,
    *,
    surfaces: Mapping[str, Surface] | None = None,
    innate: Path | None = None,
    seed: int = 0,
    progress: Progress = lambda share, text: None,
    settings: Settings | None = None,
    is_innate: bool = False,
    layouts: ExportedLayouts | None = None,
) -> dict[str, Any]:
    """Trains as `train_draft` does, writes the folder `out`, returns its card.

    layouts: its layout part; that of `innate` where None.
    """
    draft = train_draft(
        visits,
        surfaces=surfaces,
        innate=innate,
        seed=seed,
        progress=progress,
        settings=settings,
        is_innate=is_innate,
    )
    draft = replace(draft, layouts=layouts or draft.layouts)
    progress(0.9, "exporting")
    card = draft.export(out)
    progress(1.0, "done")
    return card


def train_draft(
    visits: pd.DataFrame,
    *,
    surfaces: Mapping[str, Surface] | None = None,
    innate: Path | None = None,
    seed: int = 0,
    progress: Progress = lambda share, text: None,
    settings: Settings | None = None,
    is_innate: bool = False,
) -> Draft:
    """Trains on checked rows (`data.read_visits`).

    surfaces: the pages the visits are of; one-column pages of the blocks that occur where None.
    innate: a version folder to start from, whose layout part is taken over.
    is_innate: list no surfaces and no default orders.
    """
    started = time.perf_counter()
    known = dict(surfaces) if surfaces is not None else pages([visits])
    rows = usable(visits_of(visits), known)
    start = load_fitted(innate) if innate is not None else None
    chosen = settings or Settings()
    if start is not None:
        changes = fine_tuning(len(rows)) if settings is None else _epochs(chosen)
        chosen = replace(start.settings, **changes)
    kinds = kinds_of(start, known)
    progress(0.0, f"reading {len(rows)} visits")
    examples = build_examples(
        rows,
        known,
        kinds,
        {} if is_innate else mean_shares(rows),
        seed,
        lambda s: progress(0.15 * s, "history"),
    )
    show = within(progress, 0.15, 0.75)
    learned, aside = calibration.split(examples, chosen.calibrate)
    fitted = fit(learned, kinds, chosen, seed=seed, start=start, progress=show)
    found = draft_of(fitted, learned, rows, known, seed=seed, started=started, aside=aside)
    found = replace(found, layouts=carried(innate) if innate is not None else None)
    return replace(found, surfaces=[], default_orders={}, priors={}) if is_innate else found


def fine_tuning(visits: int) -> dict[str, Any]:
    """Settings that differ when training starts from an innate version. Few visits are seen more
    often and in smaller batches (LOG.md: four epochs of a small surface taught it next to nothing),
    but no more than 20 times, which three subjects would already be learned by heart with."""
    batch = min(max(visits // STEPS_PER_EPOCH, LEAST_BATCH), Settings().batch)
    wanted = math.ceil(FINE_STEPS / max(visits // batch, 1))
    epochs = min(max(wanted, LEAST_EPOCHS), MOST_EPOCHS)
    return {"warm_epochs": 0, "code_epochs": epochs, "rate": FINE_RATE, "batch": batch}


def _epochs(settings: Settings) -> dict[str, Any]:
    names = ("warm_epochs", "code_epochs", "rate", "batch", "most_steps")
    return {name: getattr(settings, name) for name in names}
