"""Makes a draft of a fit: its card, its default orders, its calibrated demand."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from ml.data.sums import Sums
from ml.learning import calibration
from ml.learning.examples import Examples
from ml.learning.habits import own_visits
from ml.learning.loop import Fitted
from ml.versions.card import codebook_facts, slices, write_card
from ml.versions.draft import Draft
from uiengine.page.surface import Surface


def draft_of(
    fitted: Fitted,
    examples: Examples,
    everyone: Sums,
    surfaces: Mapping[str, Surface],
    *,
    seed: int,
    started: float,
    aside: Examples | None = None,
    **training: Any,
) -> Draft:
    """Makes a draft of a fit, with its card.

    Args:
        everyone: what all people did, also those who are no examples.
        aside: examples of people kept out of training, to calibrate demand on.
        started: `time.perf_counter()` at the start of the training.
        training: further entries of the card's part on training.
    """
    found = codebook_facts(fitted, examples, seed)
    book = found.book
    calibrated: dict[str, Any] = {"is_on": False}
    if aside is not None:
        answers = calibration.answers(fitted.codec, book, aside)
        fitted = replace(fitted, calibration=calibration.calibration(answers))
        calibrated = calibration.facts(answers)
    training |= {"slices": slices(examples.users), "seed": seed, "threads": torch.get_num_threads()}
    training["seconds"] = round(time.perf_counter() - started, 1)
    return Draft(
        fitted,
        found.manifest,
        {**write_card(fitted, examples, found, training, seed), "calibration": calibrated},
        surfaces=everyone.surfaces,
        default_orders=everyone.default_orders(surfaces),
        priors=everyone.mean_shares(),
        seed=seed,
        own_visits=own_visits(fitted.codec, book, examples, surfaces),
    )
