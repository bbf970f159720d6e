"""Calibration of demand: a slope and an intercept on its logits (Platt 1999), by scikit-learn.

It is fitted once for demand from the tokens alone and once for demand with the side input, on
people who were kept out of training. Order scores and the outlook are not calibrated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from ml.learning.examples import Examples
from ml.learning.inputs import PART
from ml.learning.networks import Codec
from uiengine.cost.energy import Floats
from uiengine.features import IS_NEW
from uiengine.model.codebook import Codebook

BINS = 10
"""Equal bins of predicted probability, for the reliability curve and the calibration error."""
LEAST_PEOPLE = 30
"""Fewest people to calibrate on: fewer teach their own habits, not the networks' error (LOG.md)."""
WEAK = 1e9
"""scikit-learn's C, the inverse penalty: practically none."""


@dataclass(frozen=True)
class Line:
    """A calibrated logit is slope · logit + intercept."""

    slope: float = 1.0
    intercept: float = 0.0


@dataclass(frozen=True)
class Calibration:
    """The lines for demand from the tokens alone and for demand with the side input."""

    tokens: Line = Line()
    side: Line = Line()


AS_TRAINED = Calibration()


@dataclass(frozen=True)
class Answers:
    """Uncalibrated demand logits as served, and the outcomes; (B,) each, over blocks of all visits.

    tokens, side: logits from the tokens alone and with the side input. used: 1 where the block was
    used. people: number of the person.
    """

    tokens: Floats
    side: Floats
    used: Floats
    people: Floats

    def only(self, rows: Floats) -> Answers:
        return Answers(self.tokens[rows], self.side[rows], self.used[rows], self.people[rows])


def rows_aside(users: Sequence[tuple[str, str]], share: float) -> torch.Tensor:
    """Returns which examples belong to people kept out of training, (V,), bool.

    A hash of (surface, user) decides, so that no later version trains on them either.
    """
    found = {}
    for user in set(users):
        digest = hashlib.sha256("\n".join(("calibration", *user)).encode()).digest()
        found[user] = int.from_bytes(digest[:8], "big") < share * 2**64
    return torch.tensor([found[user] for user in users], dtype=torch.bool)


def split(examples: Examples, share: float) -> tuple[Examples, Examples | None]:
    """Splits examples into those to train on and those to calibrate on.

    The second is None where it would have fewer than LEAST_PEOPLE people; then all are trained on.
    """
    users = examples.users
    aside = rows_aside(users, share)
    people = {user for user, is_out in zip(users, aside.tolist(), strict=True) if is_out}
    if len(people) < LEAST_PEOPLE or bool(aside.all()):
        return examples, None
    rows = torch.arange(len(examples))
    return examples.only(rows[~aside]), examples.only(rows[aside])


@torch.no_grad()
def answers(codec: Codec, book: Codebook, examples: Examples) -> Answers:
    """Encodes and decodes all examples as served and collects demand beside the outcomes."""
    alone, beside = [], []
    for rows in torch.arange(len(examples)).split(PART):
        batch = examples.at(rows)
        is_new = batch.context[:, IS_NEW].numpy() > 0
        most = np.where(is_new, 1, len(book.codes_in_use)).tolist()
        tokens = book.encode(codec.encode(batch).numpy(), most)
        decoded = codec.decode(torch.from_numpy(book.decode(tokens)), batch)
        alone.append(decoded.demand.numpy())
        beside.append(decoded.side_demand.numpy())
    real = examples.mask > 0
    users = examples.users
    number = {user: i for i, user in enumerate(dict.fromkeys(users))}
    whose = np.array([number[user] for user in users])
    every = (
        np.concatenate(alone),
        np.concatenate(beside),
        examples.share.numpy() > 0,
        np.broadcast_to(whose[:, None], real.shape),
    )
    return Answers(*(part[real].astype(np.float64) for part in every))


def platt(logits: Floats, used: Floats) -> Line:
    """Fits sigmoid(slope · logit + intercept) to the outcomes by maximum likelihood.

    Returns the identity where all outcomes are equal or the slope would not be positive.
    """
    if len(np.unique(used)) < 2:
        return Line()
    from sklearn.linear_model import LogisticRegression  # 120 MB, which most trainings do without

    fitted = LogisticRegression(C=WEAK).fit(logits[:, None], used)
    slope, intercept = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return Line(slope, intercept) if slope > 0 else Line()


def calibration(found: Answers) -> Calibration:
    return Calibration(platt(found.tokens, found.used), platt(found.side, found.used))


def probabilities(logits: Floats, line: Line) -> Floats:
    """Returns the calibrated probabilities of logits."""
    chance: Floats = 1 / (1 + np.exp(-(line.slope * logits + line.intercept)))
    return chance


def measures(chance: Floats, used: Floats) -> dict[str, float]:
    """Returns log loss in nats, Brier score and expected calibration error.

    The calibration error is Σ_b n_b/n · |mean predicted − mean observed| over BINS equal bins.
    """
    from sklearn.metrics import brier_score_loss, log_loss

    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    gap = np.bincount(place, weights=chance - used, minlength=BINS)
    return {
        "log_loss": float(log_loss(used, chance, labels=[0, 1])),
        "brier": float(brier_score_loss(used, chance)),
        "calibration_error": float(np.abs(gap).sum() / len(used)),
    }


def before_after(found: Answers, by: Calibration) -> dict[str, Any]:
    """Returns `measures` before and after calibration, for both kinds of demand."""
    return {
        name: {
            "before": measures(probabilities(logits, Line()), found.used),
            "after": measures(probabilities(logits, line), found.used),
        }
        for name, logits, line in (
            ("tokens", found.tokens, by.tokens),
            ("side", found.side, by.side),
        )
    }


def facts(found: Answers) -> dict[str, Any]:
    """Returns the card's entry: slopes and intercepts fitted on all people kept aside.

    The measures before and after come from every second person, with lines fitted on the others.
    """
    is_second = found.people % 2 == 1
    taught = calibration(found.only(~is_second))
    return {
        "is_on": True,
        **asdict(calibration(found)),
        "people": len(np.unique(found.people)),
        "answers": len(found.used),
        "measured": before_after(found.only(is_second), taught),
    }
