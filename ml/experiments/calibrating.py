"""Tests whether demand needs calibrating: as trained, and calibrated on a tenth kept aside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

import torch

from ml.experiments.decoding import codebook, through_tokens
from ml.experiments.judging import Line, gains, ranks_of
from ml.experiments.split import Split, some_rows
from ml.learning import calibration
from ml.learning.calibration import Answers, Calibration
from ml.learning.loop import Fitted, fit
from ml.learning.settings import Settings
from ml.progress import named_part
from uiengine.model.codebook import Codebook

ASIDE = 0.1
"""Share of the training users kept aside for calibration in the part SOME."""
EVERYBODY, SOME = "everybody trains", "a tenth kept aside"
NAMES = (EVERYBODY, SOME)
Show = Callable[[float, str], None]


def calibrating(
    split: Split, settings: Settings, seed: int, show: Show, names: Sequence[str] = NAMES
) -> Iterator[Line]:
    """Yields a line per part, surface and set of people that the calibration was fitted on.

    All are measured on the held-back users. Calibration keeps the order of blocks, so captured gain
    is equal for all lines of a part and surface.
    """
    for done, name in enumerate(names):
        learned, aside = split.train.examples, None
        if name == SOME:
            out = calibration.rows_aside(learned.users, ASIDE)
            rows = torch.arange(len(learned))
            learned, aside = learned.only(rows[~out]), learned.only(rows[out])
        started = time.perf_counter()
        fitted = fit(
            learned,
            split.kinds,
            settings,
            seed=seed,
            progress=named_part(show, done, len(names), name),
        )
        seconds = round(time.perf_counter() - started, 1)
        book = codebook(fitted, learned, seed)
        taught = {"training people": calibration.answers(fitted.codec, book, learned)}
        if aside is not None:
            taught["people kept aside"] = calibration.answers(fitted.codec, book, aside)
        for line in _measured(fitted, book, split, taught):
            yield {"part": name, **line, "train_seconds": seconds}


def _measured(
    fitted: Fitted, book: Codebook, split: Split, taught: dict[str, Answers]
) -> Iterator[Line]:
    side = split.test
    found = through_tokens(fitted, book, side.examples)
    for gained in gains(ranks_of(found.eager, side), side):
        here = some_rows(side.surface == gained["surface"])
        theirs = calibration.answers(fitted.codec, book, side.examples.only(here))
        for source, answers in taught.items():
            by = calibration.calibration(answers)
            yield {**gained, "calibrated_on": source, **_figures(theirs, by)}


def _figures(theirs: Answers, by: Calibration) -> Line:
    """Returns slopes and intercepts, and log loss, Brier score and calibration error with and
    without."""
    return {**asdict(by), "measured": calibration.before_after(theirs, by)}
