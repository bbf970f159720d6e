"""Trains a version from visits, from random weights or from another version."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ml.data.histories import pages
from ml.data.sums import Sums
from ml.layouts.part import carried
from ml.learning import calibration, distributed
from ml.learning.examples import Examples
from ml.learning.loop import Fitted
from ml.learning.settings import Settings
from ml.progress import Progress, within
from ml.training.aligned import Start
from ml.training.drafting import draft_of
from ml.training.reading import Reader, Visits, frames
from ml.training.start import kinds_of
from ml.training.step import Limit
from ml.versions.draft import Draft
from ml.versions.folder import ExportedLayouts
from uiengine.page.surface import Surface

LEAST_EPOCHS, MOST_EPOCHS = 4, 20
"""Bounds on the epochs of fine-tuning."""
STEPS_PER_EPOCH, LEAST_BATCH = 8, 64
"""Small surfaces train with smaller batches: steps per epoch, and the smallest batch."""
FIRST_RATE, FIRST_STEPS, FIRST_BATCH = 4e-3, 500, 256
"""Peak learning rate, steps and largest batch of a surface's first version."""
ALIGNED_RATE, ALIGNED_STEPS, ALIGNED_BATCH = 1e-3, 300, 1024
"""The same where tokens have to keep their meaning, as each step moves people."""
MANY_VISITS = ALIGNED_STEPS * FIRST_BATCH
"""Visits from which on such a training takes batches and at most as many steps as a first version,
too."""
OF_NO_PAGE: dict[str, Any] = {
    "surfaces": [],
    "default_orders": {},
    "priors": {},
    "own_visits": {},
}
"""What an innate version has of the pages it was trained on."""


def train_version(
    visits: pd.DataFrame,
    out: Path,
    *,
    surfaces: Mapping[str, Surface] | None = None,
    innate: Path | None = None,
    champion: Path | None = None,
    seed: int = 0,
    progress: Progress = lambda share, text: None,
    settings: Settings | None = None,
    is_innate: bool = False,
    layouts: ExportedLayouts | None = None,
    limit: Limit | None = None,
) -> dict[str, Any]:
    """Trains a draft, exports it to the folder `out` and returns its card.

    layouts: the layout part; None keeps that of the version started from. Other arguments: see
    `train_draft`.
    """
    draft = train_draft(
        visits,
        surfaces=surfaces,
        innate=innate,
        champion=champion,
        seed=seed,
        progress=progress,
        settings=settings,
        is_innate=is_innate,
        limit=limit,
    )
    draft = replace(draft, layouts=layouts or draft.layouts)
    progress(0.9, "exporting")
    card = draft.export(out)
    progress(1.0, "done")
    return card


def train_draft(
    visits: Visits,
    *,
    surfaces: Mapping[str, Surface] | None = None,
    innate: Path | None = None,
    champion: Path | None = None,
    seed: int = 0,
    progress: Progress = lambda share, text: None,
    settings: Settings | None = None,
    is_innate: bool = False,
    everyone: Sums | None = None,
    sample: Mapping[str, Any] | None = None,
    scratch: Path | None = None,
    limit: Limit | None = None,
) -> Draft:
    """Trains a version on checked visits (see `ml.data.tables.read_visits`).

    Args:
        visits: of all people, or of a sample of them.
        scratch: folder for examples on disk; None keeps them in memory. Both train the same.
        surfaces: the pages of the visits; None means one-column pages of the blocks that occur.
        innate: a version folder to start from, whose layout part is kept.
        champion: the version folder whose tokens keep their meaning: what is started from where
            `innate` is None; otherwise the new codes get its numbers.
        settings: None means the defaults, or those of fine-tuning with a start.
        is_innate: leave out surfaces, default orders and priors.
        everyone: what all people did, where the visits are of a sample; None: what these did.
        sample: for the card, how many were drawn of how many (`ml.data.sample`).
        limit: what may move, where the champion is what is started from; None: anything.

    Raises:
        TooLittleDataError: fewer visits or subjects than can be trained on.
    """
    began = time.perf_counter()
    known = dict(surfaces) if surfaces is not None else pages(list(frames(visits)))
    start = Start.of(innate, champion)
    kinds = kinds_of(start.fitted, known)
    progress(0.0, "reading visits")
    with distributed.scratch_folder(scratch) as folder:
        reader, show = Reader(visits, known, folder), within(progress, 0.0, 0.15)
        everyone = everyone or reader.sums()
        priors = {} if is_innate else everyone.mean_shares()
        examples = reader.examples(kinds, priors, everyone, seed, show)
        chosen = _settings(settings, start, len(examples))
        learned, aside = calibration.split(examples, chosen.calibrate)
        fitted = start.fit(learned, kinds, chosen, seed, within(progress, 0.15, 0.75))
        about: dict[str, Any] = {"sample": dict(sample)} if sample else {}
        about |= {"seed": seed, "started": began, "aside": aside}
        made = partial(_made, start, is_innate, learned, everyone, known, about)
        return start.kept_near(fitted, made, limit)


def _made(
    start: Start,
    is_innate: bool,
    learned: Examples,
    everyone: Sums,
    known: Mapping[str, Surface],
    about: Mapping[str, Any],
    fitted: Fitted,
) -> Draft:
    """Makes the draft of a fit; what of a champion's tokens it keeps is told beside `about`."""
    facts = {**about, **start.facts(fitted, learned)}
    return _completed(draft_of(fitted, learned, everyone, known, **facts), start, is_innate)


def _completed(draft: Draft, start: Start, is_innate: bool) -> Draft:
    """Adds the layout part of what was started from, and takes an innate version's pages away."""
    if start.folder is not None:
        draft = replace(draft, layouts=carried(start.folder))
    return replace(draft, **OF_NO_PAGE) if is_innate else draft


def _settings(given: Settings | None, start: Start, visits: int) -> Settings:
    if start.fitted is None:
        return given or Settings()
    changes = fine_tuning(visits, start.is_champion) if given is None else _epochs(given)
    return replace(start.fitted.settings, **(given or Settings()).terms(), **changes)


def fine_tuning(visits: int, is_aligned: bool = False) -> dict[str, Any]:
    """Returns the settings that differ in fine-tuning on so many visits.

    Few visits train for more epochs and in smaller batches, as four epochs taught a small surface
    next to nothing (LOG.md), but for at most MOST_EPOCHS, to limit memorising. Of many, an epoch
    sees a part: it is steps that teach, and batches of all of them would be larger, not more.

    is_aligned: it goes on from the surface's champion, whose tokens keep their meaning.
    """
    rate, steps, largest, most = FIRST_RATE, FIRST_STEPS, FIRST_BATCH, FIRST_STEPS
    if is_aligned:
        rate, steps, largest = ALIGNED_RATE, ALIGNED_STEPS, ALIGNED_BATCH
        most = Settings.most_steps
        if visits >= MANY_VISITS:
            largest, most = FIRST_BATCH, min(visits // FIRST_BATCH, FIRST_STEPS)
    batch = min(max(visits // STEPS_PER_EPOCH, LEAST_BATCH), largest)
    wanted = math.ceil(steps / max(visits // batch, 1))
    epochs = min(max(wanted, LEAST_EPOCHS), MOST_EPOCHS)
    settings = {"warm_epochs": 0, "code_epochs": epochs, "rate": rate, "batch": batch}
    return {**settings, "most_steps": most}


def _epochs(settings: Settings) -> dict[str, Any]:
    names = ("warm_epochs", "code_epochs", "rate", "batch", "most_steps")
    return {name: getattr(settings, name) for name in names}
