"""Measures what bits and past visits are worth: rate-distortion, few-shot curves, code usage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ml.evaluation.policies import policy
from ml.evaluation.replay import replay
from ml.experiments.ablations import code_usage
from ml.experiments.decoding import through_latent, through_tokens
from ml.experiments.judging import Line, few_shot, gains, judged, judged_lines, ranks_of
from ml.experiments.peers import frecency, most_used
from ml.experiments.split import Split
from ml.learning.alignment import renumbered
from ml.learning.loop import Fitted
from ml.training.start import load_fitted
from uiengine.model.version import CodebookVersion
from uiengine.model.version_folder import load_version

BITS = (8, 16, 32, 64)
Show = Callable[[float, str], None]


@dataclass(frozen=True)
class Trained:
    """A version trained on this split, loaded both as torch modules and as the product loads it."""

    fitted: Fitted
    version: CodebookVersion

    @classmethod
    def of(cls, folder: Path) -> Trained:
        return cls(load_fitted(folder), load_version(folder, threads=2))


def curves(split: Split, trained: Trained, show: Show) -> Iterator[Line]:
    """Yields rate-distortion, few-shot and usage lines, then lines of the product's policies."""
    fitted, book = trained.fitted, trained.version.codebook
    # A version that went on from another one numbers that one's kinds first.
    side = split.test
    side = replace(side, examples=renumbered(side.examples, split.kinds, fitted.kinds))
    for bits in BITS:
        found = through_tokens(fitted, book, side.examples, bits)
        spent = round(float(found.used.mean()), 3)
        for name, scores in (("tokens", found.tokens), ("eager", found.eager)):
            for line in gains(ranks_of(scores, side), side):
                row = {"kind": "bits", "policy": name, "bits": bits, "mean_tokens": spent}
                yield {**row, **line}
    show(0.1, "bits")
    for line in code_usage(fitted, book, side):
        yield {"kind": "usage", **line}
    whole = through_latent(fitted, side.examples)
    policies = {
        "eager": found.eager,
        "tokens": found.tokens,
        "the latent itself": whole.eager,
        "frecency": frecency(split, 0),
        "most frequently used": most_used(split, 0),
    }
    for name, scores in policies.items():
        ranks = ranks_of(scores, side)
        for line in few_shot(ranks, side):
            yield {"kind": "few_shot", "policy": name, **line}
        if name in ("eager", "tokens", "the latent itself"):
            for line in judged(ranks, side, split.surfaces, split.orders):
                yield {"kind": "policy", "policy": name, **line}
    show(0.3, "few-shot")
    yield from engine(split, trained, lambda s, text: show(0.3 + 0.7 * s, text))


def engine(split: Split, trained: Trained, show: Show) -> Iterator[Line]:
    """Replays the visits through the planner, which adds stability, as the product serves them."""
    side = split.test
    decide = policy("engine", trained.version, split.orders, max(BITS), 0)
    lines = list(replay(side.visits, split.surfaces, split.orders, decide, show))
    names = {slug: list(surface.index) for slug, surface in split.surfaces.items()}
    ranks = np.full(side.static.shape, side.static.shape[1])
    for row, line in enumerate(lines):
        place = {item["id"]: rank for rank, item in enumerate(line["layout"])}
        found = [place[b] for b in names[line["surface"]]]
        ranks[row, : len(found)] = found
    for line in few_shot(ranks, side):
        yield {"kind": "few_shot", "policy": "engine", **line}
    for line in judged_lines(lines, side):
        yield {"kind": "policy", "policy": "engine", **line}
