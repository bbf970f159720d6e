"""Compares peers on one split: rules, bandits, learners without a bottleneck, other codebooks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from ml.experiments.decoding import decode, latents
from ml.experiments.judging import Line, judged, ranks_of
from ml.experiments.peers import PEERS
from ml.experiments.quantisers import CODEBOOKS
from ml.experiments.split import Split
from ml.learning.loop import Fitted, fit
from ml.learning.settings import Settings
from ml.progress import named_part

Show = Callable[[float, str], None]
NO_CODEBOOK = "no codebook"


def peers(split: Split, seed: int, show: Show, names: Sequence[str]) -> Iterator[Line]:
    """Yields a line per peer and surface."""
    for done, name in enumerate(names):
        started = time.perf_counter()
        ranks = ranks_of(PEERS[name](split, seed), split.test)
        seconds = round(time.perf_counter() - started, 1)
        for line in judged(ranks, split.test, split.surfaces, split.orders):
            yield {"part": name, "policy": name, **line, "peer_seconds": seconds}
        show((done + 1) / len(names), name)


def codebooks(
    split: Split, settings: Settings, seed: int, show: Show, names: Sequence[str]
) -> Iterator[Line]:
    """Trains our networks with another codebook in the loop, or without any; a line per surface."""
    whole = settings.warm_epochs + settings.code_epochs
    bare = replace(settings, warm_epochs=whole, code_epochs=0)
    for done, name in enumerate(names):
        started = time.perf_counter()
        fitted = fit(
            split.train.examples,
            split.kinds,
            settings if name in CODEBOOKS else bare,
            seed=seed,
            quantiser=CODEBOOKS[name](settings) if name in CODEBOOKS else None,
            progress=named_part(show, done, len(names), name),
        )
        seconds = round(time.perf_counter() - started, 1)
        scores = _scores(fitted, split, name in CODEBOOKS)
        for line in judged(ranks_of(scores, split.test), split.test, split.surfaces, split.orders):
            yield {"part": name, "policy": name, **line, "train_seconds": seconds}


def _scores(fitted: Fitted, split: Split, is_coded: bool) -> np.ndarray:
    """Returns order scores with the side input, through the peer's codebook or the raw latent."""
    examples = split.test.examples
    latent = latents(fitted, examples)
    if is_coded:
        every = torch.full((len(latent),), fitted.settings.stages)
        with torch.no_grad():
            coded = fitted.quantiser(torch.from_numpy(latent), every, torch.Generator())
        latent = coded.numpy()
    return decode(fitted, latent, examples, np.zeros(len(latent))).eager
