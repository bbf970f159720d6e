"""Switches each idea of `ml.learning.settings` alone on one split; a second seed shows the
noise."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ml.experiments.decoding import codebook, latents, through_latent, through_tokens, tokens_of
from ml.experiments.judging import Line, gains, ranks_of
from ml.experiments.split import Side, Split
from ml.learning.loop import LEAST_USES, Fitted, encode_all, fit
from ml.learning.objective import RISE
from ml.learning.settings import Settings
from ml.progress import named_part
from uiengine.model.codebook import Codebook

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "KL held at 15 %, entropy bonus": {"kl": 0.55, "kl_share": 0.15},
    "no prediction": {"prediction": 0.0},
    "no prediction, no VICReg": {"prediction": 0.0, "variance": 0.0, "covariance": 0.0},
    "all visits predicted": {"prediction_share": 1.0},
    "no rounding": {"rounding": False},
    "growth cap 5 %": {"growth": 0.05},
    "no swapped kinds": {"swap_kinds": 0.0},
    "no hidden kinds": {"hide_kinds": 0.0},
    "popularity never dropped": {"drop_popularity": 0.0, "thin_popularity": 0.0},
    "no outlook loss": {"outlook_weight": 0.0},
    "own numbers without bins": {"bins": 0},
    "batches of 1,024": {"batch": 1024},
}
SECOND = "default, another seed"
NAMES = ("default", SECOND, *list(VARIANTS)[1:])
LEASTS = (0, 12, 25, 50, 100)
"""Alternative thresholds: codes with fewer uses in training expire."""
KL_BAND = (0.10, 0.20)
Show = Callable[[float, str], None]


def ablations(
    split: Split, settings: Settings, seed: int, show: Show, names: Sequence[str] = NAMES
) -> Iterator[Line]:
    """Yields a line per variant and surface.

    For the default it adds another seed, other expiry thresholds and the unquantised latent.
    """
    for done, name in enumerate(names):
        changes, of = VARIANTS.get(name, {}), seed + (name == SECOND)
        started = time.perf_counter()
        fitted = fit(
            split.train.examples,
            split.kinds,
            replace(settings, **changes),
            seed=of,
            least_uses=0,
            progress=named_part(show, done, len(names), name),
        )
        seconds = round(time.perf_counter() - started, 1)
        kept = expired(fitted, split.train, LEAST_USES, of)
        for line in measured(kept, split, of):
            yield {"part": name, "variant": name, **line, "train_seconds": seconds}
        if name == "default":
            for line in _beside(fitted, kept, split, of):
                yield {"part": name, **line}


def _beside(fitted: Fitted, kept: Fitted, split: Split, seed: int) -> Iterator[Line]:
    """Yields variants that need no further training: other expiries, and the unquantised latent."""
    for least in LEASTS:
        name = f"codes expire below {least} uses" if least else "no expiry of codes"
        for line in measured(expired(fitted, split.train, least, seed), split, seed):
            yield {"variant": name, **line}
    found = through_latent(kept, split.test.examples)
    for line in gains(ranks_of(found.eager, split.test), split.test):
        yield {"variant": "the latent itself, unquantised", **line}


def expired(fitted: Fitted, train: Side, least: int, seed: int) -> Fitted:
    """Returns a copy of the fit without its rarely used codes."""
    quantiser = copy.deepcopy(fitted.quantiser)
    generator = torch.Generator().manual_seed(seed)
    quantiser.expire(encode_all(fitted.codec, train.examples, generator), least)
    return replace(fitted, quantiser=quantiser)


def measured(fitted: Fitted, split: Split, seed: int) -> Iterator[Line]:
    """Yields captured gain with and without the side input, and code usage, per surface."""
    book = codebook(fitted, split.train.examples, seed)
    side = split.test
    found = through_tokens(fitted, book, side.examples)
    alone = list(gains(ranks_of(found.tokens, side), side))
    facts = {**usage_facts(fitted, book, side), **kl_facts(fitted)}
    for line, without in zip(gains(ranks_of(found.eager, side), side), alone, strict=True):
        here = side.surface == line["surface"]
        yield {
            **line,
            "tokens_captured": without["captured"],
            "tokens_first_three": without["captured_first_three"],
            "mean_tokens": round(float(found.used[here].mean()), 3),
            **facts,
        }


def usage_facts(fitted: Fitted, book: Codebook, side: Side) -> Line:
    """Aggregates `code_usage` over the stages: sums of slots, shares, mean perplexity."""
    rows = list(code_usage(fitted, book, side))
    return {
        "slots": sum(r["slots"] for r in rows),
        "used": round(sum(r["used_slots"] for r in rows) / sum(r["slots"] for r in rows), 4),
        "spent": round(sum(r["spent_slots"] for r in rows) / sum(r["slots"] for r in rows), 4),
        "perplexity": round(float(np.mean([r["perplexity"] for r in rows])), 1),
    }


def code_usage(fitted: Fitted, book: Codebook, side: Side) -> Iterator[Line]:
    """Yields, per stage, how held-out users use the codes.

    used_slots: codes that any visit uses when every stage is coded. spent_slots: codes within the
    budget of bits, as served. Perplexity and entropy are those of the former.
    """
    latent = latents(fitted, side.examples)
    every = fitted.quantiser.tokens(torch.from_numpy(latent)).numpy()
    spent = tokens_of(book, latent, side.examples, 64)
    for stage, in_use in enumerate(fitted.quantiser.codes_in_use):
        counts = np.bincount(every[:, stage], minlength=in_use)
        share = counts[counts > 0] / counts.sum()
        entropy = float(-(share * np.log2(share)).sum())
        used = {t[stage] for t in spent if len(t) > stage}
        yield {
            "stage": stage + 1,
            "slots": in_use,
            "used_slots": int((counts > 0).sum()),
            "used": round(float((counts > 0).mean()), 4),
            "spent_slots": len(used),
            "perplexity": round(2**entropy, 1),
            "entropy_bits": round(entropy, 3),
        }


def kl_facts(fitted: Fitted) -> Line:
    """Returns the KL's share of the gradient by epoch, its mean once β has risen, and the share of
    those later epochs within KL_BAND. Empty where no KL was recorded.
    """
    later = fitted.kl_shares[round(RISE * len(fitted.kl_shares)) :]
    if not later:
        return {}
    low, high = KL_BAND
    within = [low <= share <= high for share in later]
    return {
        "kl_shares": [round(share, 4) for share in fitted.kl_shares],
        "kl_share": round(float(np.mean(later)), 4),
        "kl_within_band": round(float(np.mean(within)), 3),
    }
