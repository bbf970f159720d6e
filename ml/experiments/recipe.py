"""The ideas of the recipe, each switched alone over seeds: what it costs, and the bits it buys."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ml.experiments.ablations import Show, expired, measured
from ml.experiments.decoding import codebook, latents, through_tokens, tokens_of
from ml.experiments.judging import Line, gains, ranks_of
from ml.experiments.split import Split
from ml.learning.loop import LEAST_USES, Fitted, fit
from ml.learning.settings import Settings
from ml.progress import named_part
from uiengine.model.codebook import TOKEN_BITS

SEEDS = 5
FEW_BITS = (16, 8)
IDEAS: Mapping[str, Mapping[str, Any]] = {
    "as it is": {},
    "without rounding": {"rounding": False},
    "without prediction": {"prediction": 0.0},
    "without VICReg": {"variance": 0.0, "covariance": 0.0},
    "with the KL held at 15 %": {"kl": 0.55, "kl_share": 0.15},
    "with growth of 5 % an epoch": {"growth": 0.05},
}
NAMES = tuple(IDEAS)


def recipe(
    split: Split,
    settings: Settings,
    seeds: Sequence[int],
    show: Show,
    names: Sequence[str] = NAMES,
) -> Iterator[Line]:
    """Yields a line per idea, seed and surface."""
    every = [(name, of) for name in names for of in seeds]
    for done, (name, of) in enumerate(every):
        progress = named_part(show, done, len(every), f"{name}, seed {of}")
        chosen = replace(settings, **IDEAS[name])
        began = time.process_time()
        fitted = fit(split.train.examples, split.kinds, chosen, seed=of, progress=progress)
        seconds = round(time.process_time() - began, 1)
        kept = expired(fitted, split.train, LEAST_USES, of)
        few = few_bits(kept, split, of)
        about = {"part": name, "seed": of, "train_cpu_seconds": seconds}
        for line in measured(kept, split, of):
            spent = TOKEN_BITS * line["mean_tokens"]
            yield {**about, **line, "spent_bits": spent, **few[line["surface"]]}


def few_bits(fitted: Fitted, split: Split, seed: int) -> dict[str, Line]:
    """Returns, per surface, the gain of tokens at FEW_BITS, and the bits of those spent if they
    were entropy-coded."""
    book, side = codebook(fitted, split.train.examples, seed), split.test
    spent = tokens_of(book, latents(fitted, side.examples), side.examples, 64)
    found: dict[str, Line] = {
        slug: {"coded_bits": coded_bits([spent[i] for i in np.flatnonzero(side.surface == slug)])}
        for slug in sorted(set(side.surface))
    }
    for most in FEW_BITS:
        shares = through_tokens(fitted, book, side.examples, most).tokens
        for line in gains(ranks_of(shares, side), side):
            found[line["surface"]][f"tokens_{most}"] = line["captured"]
    return found


def coded_bits(tokens: Sequence[tuple[int, ...]]) -> float:
    """Returns mean bits a state by an ideal code of its length and, per stage, its tokens.

    That is H(length) + Σ P(stage is spent) · H(token of the stage), by their own frequencies.
    """
    bits = entropy([len(row) for row in tokens])
    for stage in range(max(map(len, tokens))):
        spent = [row[stage] for row in tokens if len(row) > stage]
        bits += len(spent) / len(tokens) * entropy(spent)
    return round(bits, 2)


def entropy(values: Sequence[int]) -> float:
    """Returns Shannon's entropy of the values' frequencies, in bits."""
    counts = np.bincount(values)
    share = counts[counts > 0] / len(values)
    return float(-(share * np.log2(share)).sum())
