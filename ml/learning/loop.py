"""The training loop: a warm-up without the codebook, training with it, then expiry of codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ml.learning import distributed
from ml.learning.anchor import Anchor
from ml.learning.calibration import AS_TRAINED, Calibration
from ml.learning.examples import Examples, augment
from ml.learning.inputs import PART
from ml.learning.networks import Codec
from ml.learning.objective import Objective
from ml.learning.optimiser import Optimiser
from ml.learning.residual_vq import ResidualQuantiser
from ml.learning.settings import Settings
from ml.progress import Progress

START_ROWS = 20_000
"""Largest number of examples for the k-means start of the code vectors."""
BINNED = 20_000
"""Largest number of examples, evenly over time, whose quantiles the bins are."""
LEAST_USES = 6
"""Codes used by fewer training examples are dropped at the end."""
NEW_CODES = 0.1
"""Largest share of new codes per stage of an aligned fit, relative to the codes in use."""


@dataclass
class Fitted:
    """A trained codec with its codebook.

    kinds: number of each known kind, from 1. history: loss, beta and codes after each epoch.
    calibration: of exported demand; a training that starts from this fit ignores it.
    """

    codec: Codec
    quantiser: ResidualQuantiser
    kinds: dict[str, int]
    settings: Settings
    history: list[dict[str, float]] = field(default_factory=list)
    kl_shares: list[float] = field(default_factory=list)
    calibration: Calibration = AS_TRAINED


def fit(
    examples: Examples,
    kinds: Mapping[str, int],
    settings: Settings,
    *,
    seed: int,
    start: Fitted | None = None,
    is_aligned: bool = False,
    quantiser: ResidualQuantiser | None = None,
    least_uses: int = LEAST_USES,
    progress: Progress = lambda share, text: None,
) -> Fitted:
    """Trains a codec and its codebook; deterministic for given arguments and threads.

    Args:
        start: a fit to continue from; its kinds must come first in `kinds`.
        is_aligned: keep the codes of `start` where they are and latents near, and let few new
            codes come where they pay, so that tokens keep meaning what they mean. Then there is no
            warm-up, which is for codes that start from nothing.
        quantiser: another quantiser in place of our own.
        least_uses: codes used by fewer examples are dropped at the end.
    """
    distributed.check(settings)
    if is_aligned:
        settings = replace(settings, warm_epochs=0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        codec = Codec(len(kinds), settings)
    quantiser = quantiser or ResidualQuantiser(settings)
    if start is not None:
        take_over(codec, quantiser, start, is_aligned)
    elif settings.bins:
        codec.learn_bins(examples.at(torch.arange(0, len(examples), len(examples) // BINNED + 1)))
    generator = torch.Generator().manual_seed(seed)
    anchor = held(codec, quantiser, examples, generator) if is_aligned else None
    objective = Objective(settings, codec, quantiser, generator, anchor)
    loop = Loop(examples, settings, objective, generator, progress)
    if settings.warm_epochs:
        loop.run(settings.warm_epochs, settings.rate, coded=False)
    if start is None or settings.warm_epochs:
        quantiser.start(encode_all(codec, examples, generator, START_ROWS), seed)
        distributed.agree((quantiser,))
    if settings.code_epochs:
        loop.run(settings.code_epochs, settings.rate * 2 / 3, coded=True)
    codec.eval()
    quantiser.eval()
    quantiser.expire(encode_all(codec, examples, generator), least_uses)
    return Fitted(codec, quantiser, dict(kinds), settings, loop.history, objective.kl_shares)


def held(
    codec: Codec, quantiser: ResidualQuantiser, examples: Examples, generator: torch.Generator
) -> Anchor:
    """Holds the codes where they are and adds new ones where they pay; returns what latents stay
    near to."""
    quantiser.hold()
    quantiser.grow(encode_all(codec, examples, generator, START_ROWS), NEW_CODES)
    return Anchor.of(codec)


def take_over(
    codec: Codec, quantiser: ResidualQuantiser, start: Fitted, is_aligned: bool = False
) -> None:
    """Copies weights and codes from `start`; embeddings of new kinds keep their initial values.

    is_aligned: they are 0 instead, as `start` itself sees a kind that it does not know.
    """
    state = dict(start.codec.state_dict())
    name = "blocks.kind.weight"
    fresh = codec.state_dict()[name].clone()
    if is_aligned:
        fresh.zero_()
    fresh[: len(state[name])] = state[name]
    codec.load_state_dict({**state, name: fresh})
    quantiser.load_state_dict(start.quantiser.state_dict())
    quantiser.codes_in_use = list(start.quantiser.codes_in_use)
    quantiser.counts.fill_(4.0)
    quantiser.sums.copy_(quantiser.codes * 4.0)


@torch.no_grad()
def encode_all(
    codec: Codec, examples: Examples, generator: torch.Generator, most: int | None = None
) -> Tensor:
    """Encodes all examples, or `most` of them drawn at random, to latents (V, Z)."""
    was_training = codec.training
    codec.eval()
    rows = torch.randperm(len(examples), generator=generator)[:most]
    rows = rows.sort().values
    latents = examples.scratch(len(rows), codec.settings.latent)
    for part, into in zip(rows.split(PART), latents.split(PART), strict=True):
        into.copy_(codec.encode(examples.at(part)))
    codec.train(was_training)
    return latents


@dataclass
class Loop:
    """Runs epochs over examples and keeps their history."""

    examples: Examples
    settings: Settings
    objective: Objective
    generator: torch.Generator
    progress: Progress
    history: list[dict[str, float]] = field(default_factory=list)

    def run(self, epochs: int, rate: float, *, coded: bool) -> None:
        """Runs one learning-rate cycle; `most_steps` bounds the steps of an epoch."""
        s = self.settings
        total = s.warm_epochs + s.code_epochs
        per_epoch = max(len(self.examples) // s.batch, 1)
        per_epoch = min(per_epoch, max(s.most_steps // max(total, 1), 1))
        optimiser = Optimiser(self.objective.parameters(), rate, epochs * per_epoch, s.weight_decay)
        self.objective.codec.train()
        self.objective.quantiser.train(coded)
        for _ in range(epochs):
            done = len(self.history) / total
            loss = self._epoch(per_epoch, optimiser, coded, done)
            codes = sum(self.objective.quantiser.codes_in_use) if coded else 0
            distributed.agree((self.objective.codec, self.objective.quantiser))
            self.history.append({"loss": loss, "beta": self.objective.beta, "slots": codes})
            done = len(self.history) / total
            self.objective.after_epoch()
            if coded and s.growth:
                latents = encode_all(
                    self.objective.codec, self.examples, self.generator, START_ROWS
                )
                self.objective.quantiser.grow(latents, s.growth)
            self.progress(done, f"epoch {len(self.history)} of {total}: loss {loss:.4f}")

    def _epoch(self, steps: int, optimiser: Optimiser, coded: bool, done: float) -> float:
        s, total = self.settings, 0.0
        order = torch.randperm(len(self.examples), generator=self.generator)
        for step in range(steps):
            rows = order[step * s.batch : (step + 1) * s.batch]
            batch = augment(self.examples, rows, s, self.generator)
            loss = self.objective.loss(batch, self.examples, rows, coded, done)
            if distributed.several():
                mine = rows[distributed.share(len(rows))]
                loss = loss * (len(mine) / len(rows))
            optimiser.forget()
            loss.backward()
            distributed.sum_gradients(self.objective.parameters())
            torch.nn.utils.clip_grad_norm_(self.objective.parameters(), 1.0)
            optimiser.step()
            self.objective.after_step()
            total += float(loss.detach())
        return distributed.summed(total / steps)
