"""Refreshes a version: a few hundred steps from the champion on a batch of recent people.

The caller chooses the people, balanced over slices; this module knows no attributes. The champion's
codes stay where they are (`ml.learning.anchor`), new ones start where they fit those people worst,
then encoder, decoder and new codes are trained on them. The visits of all other people still count
as history and popularity.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ml.data.sums import Sums
from ml.layouts.part import carried
from ml.learning import calibration, distributed
from ml.learning.examples import Examples
from ml.learning.loop import Fitted, Loop, held, take_over
from ml.learning.networks import Codec
from ml.learning.objective import Objective
from ml.learning.residual_vq import ResidualQuantiser
from ml.learning.settings import Settings
from ml.progress import Progress, within
from ml.training.aligned import alignment_facts
from ml.training.drafting import draft_of
from ml.training.reading import Reader, Visits
from ml.training.start import TooLittleDataError, kinds_of, load_fitted
from ml.training.step import Limit, nearest_allowed
from ml.versions.draft import Draft
from uiengine.page.surface import Surface

STEPS = 300
BATCH = 256
RATE = 1e-3
EPOCHS = 4
"""Number of parts that the steps are divided into, for progress."""
LEAST_VISITS = 30


def refresh_draft(
    visits: Visits,
    users: Collection[str],
    champion: Path,
    *,
    surfaces: Mapping[str, Surface],
    seed: int = 0,
    steps: int = STEPS,
    progress: Progress = lambda share, text: None,
    everyone: Sums | None = None,
    sample: Mapping[str, Any] | None = None,
    scratch: Path | None = None,
    limit: Limit | None = None,
) -> Draft:
    """Trains a refreshed version; deterministic for given arguments.

    Args:
        visits: checked rows of all people, or of a sample with all `users`; the card's figures are
            of them.
        everyone, sample, scratch, limit: as in `ml.training.train.train_draft`.
        users: the people to train on.
        champion: the version folder to start from.

    Raises:
        TooLittleDataError: the users have fewer than LEAST_VISITS usable visits.
    """
    started = time.perf_counter()
    start = load_fitted(champion)
    kinds = kinds_of(start, surfaces)
    with distributed.scratch_folder(scratch) as folder:
        reader = Reader(visits, surfaces, folder)
        everyone = everyone or reader.sums()
        priors, show = everyone.mean_shares(), within(progress, 0.0, 0.3)
        made = reader.examples(kinds, priors, everyone, seed, show)
        seen, aside = calibration.split(made, start.settings.calibrate)
        batch = _batch(seen, users)
        fitted = _fit(batch, kinds, start, seed, steps, within(progress, 0.3, 0.7))
        told: dict[str, Any] = {"sample": dict(sample)} if sample else {}
        told["refreshed"] = {"users": len(users), "visits": len(batch), "steps": steps}
        layouts = carried(champion)

        def draft(found: Fitted) -> Draft:
            facts = {**told, **alignment_facts(found, start, champion, seen, is_start=True)}
            about: dict[str, Any] = {"seed": seed, "started": started, "aside": aside, **facts}
            return replace(draft_of(found, seen, everyone, surfaces, **about), layouts=layouts)

        return nearest_allowed(fitted, start, draft, limit)


def _batch(examples: Examples, users: Collection[str]) -> Examples:
    """Keeps those of the users. Raises TooLittleDataError where these are few."""
    chosen = [i for i, (_, user) in enumerate(examples.users) if user in users]
    if len(chosen) < LEAST_VISITS:
        raise TooLittleDataError(
            f"users: the {len(users)} chosen people have {len(chosen)} usable visits; a refresh "
            f"needs at least {LEAST_VISITS}. Let more people in, or retrain instead"
        )
    return examples.only(torch.tensor(chosen))


def _fit(
    batch: Examples,
    kinds: dict[str, int],
    start: Fitted,
    seed: int,
    steps: int,
    progress: Progress,
) -> Fitted:
    """Trains for `steps` steps on the batch, reshuffled each time it is used up."""
    per_epoch = max(steps // EPOCHS, 1)
    settings = replace(
        start.settings,
        **Settings().terms(),
        warm_epochs=0,
        code_epochs=EPOCHS,
        batch=min(BATCH, len(batch)),
        rate=RATE,
        most_steps=steps,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        codec = Codec(len(kinds), settings)
    quantiser = ResidualQuantiser(settings)
    take_over(codec, quantiser, start, is_aligned=True)
    generator = torch.Generator().manual_seed(seed)
    anchor = held(codec, quantiser, batch, generator)
    objective = Objective(settings, codec, quantiser, generator, anchor)
    order = torch.arange(per_epoch * settings.batch) % len(batch)
    loop = Loop(batch.only(order), settings, objective, generator, progress)
    loop.run(EPOCHS, settings.rate, coded=True)
    codec.eval()
    quantiser.eval()
    return Fitted(codec, quantiser, dict(kinds), settings, loop.history, objective.kl_shares)
