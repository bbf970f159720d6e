"""Trains the layout codec: a warm-up without the codebook, then with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ml.layouts.augment import variant
from ml.layouts.networks import LAYOUTS, Goals, LayoutCodec, Slots, goals_of, layout_loss, slots_of
from ml.layouts.records import Record
from ml.learning.residual_vq import ResidualQuantiser
from ml.learning.settings import Settings
from ml.progress import Progress
from uiengine.model.layout_slots import HEADERS

LEAST_USES = 2
"""Codes used by fewer training layouts are dropped at the end."""
PREFIXES = (0.05, 0.12, 0.18, 0.1, 0.08, 0.07, 0.05, 0.05, 0.3)
"""Shares of samples that train with the first 0, 1, … and all 8 tokens; most often two or all."""


@dataclass(frozen=True)
class Effort:
    """Variants per layout, and training steps without (warm) and with (coded) the codebook."""

    variants: int = 8
    warm: int = 1500
    coded: int = 3000


WHOLE = Effort()
SMOKE = Effort(variants=1, warm=8, coded=8)


@dataclass
class FittedLayouts:
    """A trained layout codec. kinds: number of each known kind, from 1."""

    codec: LayoutCodec
    quantiser: ResidualQuantiser
    kinds: dict[str, int]
    settings: Settings


def fit_layouts(
    records: Sequence[Record],
    *,
    seed: int = 0,
    settings: Settings = LAYOUTS,
    effort: Effort = WHOLE,
    progress: Progress = lambda share, text: None,
) -> FittedLayouts:
    """Trains a layout codec; deterministic for given arguments and number of threads."""
    names = sorted({kind for record in records for kind in record.kinds})
    kinds = {kind: i for i, kind in enumerate(names, 1)}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        codec = LayoutCodec(len(kinds), settings)
    quantiser = ResidualQuantiser(settings)
    fitted = FittedLayouts(codec, quantiser, kinds, settings)
    pool = _Pool(records, fitted, effort.variants, seed, progress)
    loop = _Loop(fitted, pool, torch.Generator().manual_seed(seed), effort, progress)
    loop.run(effort.warm, settings.rate, coded=False)
    quantiser.start(pool.encode(codec), seed)
    loop.run(effort.coded, settings.rate * 2 / 3, coded=True)
    codec.eval()
    quantiser.eval()
    quantiser.expire(pool.encode(codec), LEAST_USES)
    return fitted


class _Pool:
    """Layouts and variants as batches, sorted by size so that they need little padding."""

    def __init__(
        self,
        records: Sequence[Record],
        fitted: FittedLayouts,
        variants: int,
        seed: int,
        progress: Progress,
    ) -> None:
        random = np.random.default_rng(seed)
        content = tuple(k for k in fitted.kinds if k not in HEADERS) or tuple(fitted.kinds)
        made = list(records)
        for i in range(variants):
            progress(0.1 * i / variants, "making variants")
            made += [variant(record, content, random) for record in records]
        made.sort(key=lambda record: len(record.kinds))
        size = fitted.settings.batch
        self.batches: list[tuple[Slots, Goals]] = []
        for start in range(0, len(made), size):
            part = made[start : start + size]
            slots = slots_of([r.kinds for r in part], [r.columns for r in part], fitted.kinds)
            self.batches.append((slots, goals_of(part)))

    @torch.no_grad()
    def encode(self, codec: LayoutCodec) -> Tensor:
        """Encodes all layouts and variants, (P, Z)."""
        was_training = codec.training
        codec.eval()
        latents = [codec.encode(slots, goals.place) for slots, goals in self.batches]
        codec.train(was_training)
        return torch.cat(latents)


@dataclass
class _Loop:
    fitted: FittedLayouts
    pool: _Pool
    generator: torch.Generator
    effort: Effort
    progress: Progress

    def run(self, steps: int, rate: float, *, coded: bool) -> None:
        """Runs one learning-rate cycle over batches drawn at random."""
        codec, quantiser = self.fitted.codec.train(), self.fitted.quantiser.train(coded)
        decay = self.fitted.settings.weight_decay
        optimiser = torch.optim.AdamW(codec.parameters(), lr=rate, weight_decay=decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, rate, total_steps=steps + 1, pct_start=0.1
        )
        done = self.effort.warm if coded else 0
        for step in range(steps):
            pick = int(torch.randint(len(self.pool.batches), (), generator=self.generator))
            loss = self._loss(*self.pool.batches[pick], quantiser if coded else None)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(codec.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            if step % 20 == 0:
                share = (done + step) / (self.effort.warm + self.effort.coded)
                self.progress(0.1 + 0.9 * share, f"training: loss {float(loss.detach()):.3f}")

    def _loss(self, slots: Slots, goals: Goals, quantiser: ResidualQuantiser | None) -> Tensor:
        codec, settings = self.fitted.codec, self.fitted.settings
        latent = codec.encode(slots, goals.place)
        if quantiser is None:
            noise = torch.randn(latent.shape, generator=self.generator)
            extra = 1e-3 * latent.square().sum(1).mean()
            coded = latent + 0.05 * noise
        else:
            stages = self._stages(len(latent))
            coded = quantiser(latent, stages, self.generator)
            error = (latent - coded.detach()).square().sum(1)
            extra = settings.commit * error[stages == settings.stages].sum() / len(latent)
        return layout_loss(codec.decode(slots, coded), goals, slots.mask).mean() + extra

    def _stages(self, count: int) -> Tensor:
        """Draws the number of stages per sample, by PREFIXES."""
        shares = torch.tensor(PREFIXES)
        return torch.multinomial(shares, count, replacement=True, generator=self.generator)
