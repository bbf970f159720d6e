"""Trains a version from visits: a new one, or one fine-tuned from another version."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from ml.cli import progress_bar
from ml.data.histories import Visit, default_orders, mean_shares, pages, visits_of
from ml.layouts.loop import SMOKE, WHOLE
from ml.layouts.part import carried, learn_layouts
from ml.layouts.records import Record
from ml.learning import calibration
from ml.learning import examples as example_rows
from ml.learning.examples import Examples
from ml.learning.loop import Fitted, fit
from ml.learning.networks import Codec
from ml.learning.residual_vq import ResidualQuantiser
from ml.learning.settings import Settings
from ml.progress import Progress, within
from ml.versions.card import codebook_facts, slices, write_card
from ml.versions.draft import Draft
from ml.versions.onnx_export import ExportedLayouts
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface

LEAST_VISITS, LEAST_SUBJECTS = 30, 3
"""Below either, a version would learn noise."""
FINE_RATE = 1e-3
"""Learning rate from an innate version on."""
FINE_STEPS, LEAST_EPOCHS, MOST_EPOCHS = 300, 4, 20
"""From an innate version on: steps wanted, and the epochs that they may take."""
STEPS_PER_EPOCH, LEAST_BATCH = 8, 64
"""A small surface trains with smaller batches, so that an epoch has at least so many steps."""


SMOKE_LAYOUTS = 12
"""Layouts that a smoke run learns from."""


class TooLittleDataError(ValueError):
    """Fewer visits or subjects than a version can be trained on."""


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
        chosen = _replace(start.settings, changes)
    kinds = kinds_of(start, known)
    progress(0.0, f"reading {len(rows)} visits")
    examples = example_rows.build(
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


def draft_of(
    fitted: Fitted,
    examples: Examples,
    visits: Sequence[Visit],
    surfaces: Mapping[str, Surface],
    *,
    seed: int,
    started: float,
    aside: Examples | None = None,
    **training: Any,
) -> Draft:
    """The fit with its card. aside: of people it has not seen, whom demand is calibrated on.
    started: `time.perf_counter()`; training: more of the card's part."""
    facts, book = codebook_facts(fitted, examples, seed)
    calibrated: dict[str, Any] = {"is_on": False}
    if aside is not None:
        answers = calibration.answers(fitted.codec, book, aside)
        fitted = replace(fitted, calibration=calibration.calibration(answers))
        calibrated = calibration.facts(answers)
    training |= {"slices": slices(examples.users), "seed": seed, "threads": torch.get_num_threads()}
    training["seconds"] = round(time.perf_counter() - started, 1)
    return Draft(
        fitted,
        facts,
        {**write_card(fitted, examples, book, training, seed), "calibration": calibrated},
        surfaces=sorted({v.surface for v in visits}),
        default_orders=default_orders(visits, dict(surfaces)),
        priors=mean_shares(visits),
        seed=seed,
    )


def usable(visits: Sequence[Visit], surfaces: Mapping[str, Surface]) -> list[Visit]:
    """Visits of known surfaces, with the blocks those surfaces still have."""
    found = []
    for v in visits:
        surface = surfaces.get(v.surface)
        blocks = tuple(b for b in v.blocks if surface and b in surface.index)
        if blocks:
            found.append(v if blocks == v.blocks else _with_blocks(v, blocks))
    subjects = len({(v.surface, v.user) for v in found})
    if len(found) < LEAST_VISITS or subjects < LEAST_SUBJECTS:
        raise TooLittleDataError(
            f"visits: {len(found)} usable visits of {subjects} subjects on "
            f"{len(surfaces)} surface(s); at least {LEAST_VISITS} visits of {LEAST_SUBJECTS} "
            "subjects are needed. Import more visits, or serve the innate version until then"
        )
    return found


def _with_blocks(visit: Visit, blocks: tuple[str, ...]) -> Visit:
    return Visit(visit.surface, visit.user, visit.at, visit.when, visit.day, blocks, visit.number)


def kinds_of(start: Fitted | None, surfaces: Mapping[str, Surface]) -> dict[str, int]:
    """Numbers from 1: those of the start first, then new ones in alphabetical order."""
    kinds = dict(start.kinds) if start else {}
    for kind in sorted({b.kind for s in surfaces.values() for b in s.blocks}):
        kinds.setdefault(kind, len(kinds) + 1)
    return kinds


def _replace(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    return Settings(**{**settings.__dict__, **changes})


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


def load_fitted(folder: Path) -> Fitted:
    """The weights of a version folder, to train on from. Checked as for serving."""
    version = load_version(folder)
    settings = Settings(**version.card["settings"])
    codec = Codec(len(version.kinds), settings)
    state = torch.load(io.BytesIO((folder / "weights.pt").read_bytes()), weights_only=True)
    codec.load_state_dict(state)
    quantiser = ResidualQuantiser(settings)
    codes = torch.from_numpy(version.codebook.codes)
    quantiser.codes[:, : codes.shape[1]] = codes
    quantiser.slots = list(version.codebook.codes_in_use)
    return Fitted(codec.eval(), quantiser.eval(), dict(version.kinds), settings)


def learned(records: Sequence[Record], *, seed: int, is_smoke: bool = False) -> ExportedLayouts:
    """The layout part that these layouts teach, shown on a bar. DataError without layouts."""
    bar, show = progress_bar("layouts")
    with bar:
        effort = SMOKE if is_smoke else WHOLE
        chosen = records[:SMOKE_LAYOUTS] if is_smoke else records
        return learn_layouts(chosen, seed=seed, effort=effort, progress=show)
