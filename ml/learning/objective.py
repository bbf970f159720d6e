"""The loss of one batch: reconstruction + β·KL + γ·prediction + VICReg, and the schedule of β."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ml.learning import distributed, losses
from ml.learning.anchor import Anchor
from ml.learning.examples import Examples
from ml.learning.networks import Batch, Codec, Prediction
from ml.learning.residual_vq import ResidualQuantiser
from ml.learning.settings import Settings
from uiengine.features import IS_NEW

TARGET_DECAY = 0.99
"""Decay of the moving-average layout encoder, the target of predictions."""
SHORT = 2.0
"""Power by which random prefixes are shorter than evenly drawn ones: one in three is one stage."""
EXACTLY = 0.2
"""Share of training in which latents are rounded to the nearest, not stochastically."""
RISE = 0.3
"""Share of the epochs with a codebook over which β rises linearly."""
MOST_RESCALE = 1.25
"""Largest factor by which β grows per epoch after its linear rise."""


@dataclass
class Objective:
    """Computes the enabled loss terms and keeps their state; `beta` follows the KL share."""

    settings: Settings
    codec: Codec
    quantiser: ResidualQuantiser
    generator: torch.Generator
    anchor: Anchor | None = None
    beta: float = 0.0
    target: nn.Module = field(init=False)
    prior: nn.Parameter = field(init=False)
    kl_shares: list[float] = field(default_factory=list)
    _measured: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.target = copy.deepcopy(self.codec.layouts).requires_grad_(False)
        self.prior = nn.Parameter(torch.zeros(self.settings.codes))
        self.beta = self.settings.kl / self._rise

    def parameters(self) -> list[nn.Parameter]:
        return [*self.codec.parameters(), self.prior]

    def loss(
        self, batch: Batch, examples: Examples, rows: Tensor, coded: bool, done: float
    ) -> Tensor:
        """Returns the mean loss of one augmented batch, or of this process's share of it.

        coded: whether the latent goes through the codebook. done: finished share of training, 0..1.
        """
        s, whole, every, mine = self.settings, batch, rows, distributed.share(len(rows))
        if distributed.several():
            batch, rows = Batch(*(t[mine] for t in batch)), rows[mine]
        latent = self.codec.encode(batch)
        used = latent
        if s.rounding:
            noise = self._noise(len(every), latent.shape[1], done)[mine]
            used = round_latent(used, done, noise)
        commit = torch.zeros(())
        if coded:
            used = self._quantised(used, whole, mine)
            commit = (latent - used.detach()).square().sum(1).mean()
        decoded = self.codec.decode(used, batch)
        total = reconstruction(decoded, examples.share[rows], batch.mask, s)
        ahead = losses.share_loss(decoded.outlook, examples.outlook[rows], batch.mask)
        total = total + s.outlook_weight * ahead.mean()
        extra = s.commit * commit + self._shape(latent, len(every))
        if self.anchor is not None:
            extra = extra + self.anchor.loss(latent, batch)
        if s.prediction:
            extra = extra + s.prediction * self._prediction(latent, batch, examples, every)
        if coded and s.kl:
            kl = self._kl(latent)
            self._measure(kl, total, latent)
            extra = extra + self.beta * kl
        return total + extra

    def _quantised(self, latent: Tensor, whole: Batch, mine: slice) -> Tensor:
        stages = self._stages(whole)
        if not distributed.several():
            alone: Tensor = self.quantiser(latent, stages, self.generator)
            return alone
        every = distributed.gathered(latent, len(whole.kind))
        coded: Tensor = self.quantiser(every, stages, self.generator)[mine]
        return latent + (coded - latent).detach()

    def _noise(self, size: int, width: int, done: float) -> Tensor:
        """Draws what a whole batch's latents are moved by before they are rounded, in steps."""
        if done < EXACTLY:
            return torch.zeros(size, width)
        return torch.rand(size, width, generator=self.generator) - 0.5

    def _stages(self, batch: Batch) -> Tensor:
        """Draws the number of stages per sample: all or a random prefix, of which short ones are
        drawn more often; one for new subjects."""
        size, most = len(batch.kind), self.settings.stages
        drawn = torch.rand(size, generator=self.generator) ** SHORT * (most - 1)
        drawn = 1 + drawn.long().clamp(max=max(most - 2, 0))
        full = torch.rand(size, generator=self.generator) < self.settings.full_stages
        stages = torch.where(full, torch.full_like(drawn, most), drawn)
        return torch.where(batch.context[:, IS_NEW] > 0, torch.ones_like(stages), stages)

    def _shape(self, latent: Tensor, size: int) -> Tensor:
        """VICReg of the whole batch's latents, `size` of them."""
        s, total = self.settings, torch.zeros(())
        if not (s.variance or s.covariance):
            return total
        every = distributed.beside_others(latent, size)
        if s.variance:
            total = total + s.variance * losses.variance_loss(every)
        if s.covariance:
            total = total + s.covariance * losses.covariance_loss(every)
        return distributed.of_whole(total, len(latent), size)

    def _prediction(self, latent: Tensor, batch: Batch, examples: Examples, rows: Tensor) -> Tensor:
        """Error of predicting the hindsight layout's latent from s_x, plus decoding that layout.

        rows: of the whole batch, of which the first `prediction_share` are predicted.
        """
        most = math.ceil(self.settings.prediction_share * len(rows))
        wanted = rows[:most][distributed.share(len(rows))]  # this process's
        latent, batch = latent[: len(wanted)], Batch(*(t[: len(wanted)] for t in batch))
        seen, keys = self.codec.blocks(batch.kind, batch.text, batch.shape)
        rank = examples.hindsight[wanted]
        with torch.no_grad():
            aim = self.target(seen, keys, batch.mask, rank)
        shown = self.codec.layouts(seen, keys, batch.mask, rank)
        decoded = self.codec.decode(shown, batch)
        wish = torch.softmax((-rank).masked_fill(batch.mask == 0, losses.FAR), dim=-1)
        order = losses.share_loss(decoded.share, wish, batch.mask)
        error: Tensor = (self.codec.predictor(latent) - aim).square().mean(1)
        has, of_all = examples.has_future[wanted], examples.has_future[rows[:most]].sum()
        mean = ((error + order) * has).sum() / of_all.clamp(min=1)
        mine = len(rows[distributed.share(len(rows))])
        return mean * (len(rows) / mine)  # the caller weighs by the share of rows

    def _kl(self, latent: Tensor) -> Tensor:
        """KL of the first stage, minus a small bonus for even use of its codes."""
        used_codes = self.quantiser.codes_in_use[0]
        distances = self.quantiser.distances(0, latent)
        error = (distances.amin(1) + latent.square().sum(1)).mean().detach().clamp(min=1e-6)
        distances = distances / error  # in units of the stage's own error: no scale saturates it
        kl = losses.assignment_kl(distances, torch.log_softmax(self.prior[:used_codes], 0)).mean()
        even = torch.softmax(-distances, -1).mean(0)
        entropy = -(even * (even + 1e-9).log()).sum()
        return kl - self.settings.entropy_bonus * entropy

    def _measure(self, kl: Tensor, rest: Tensor, latent: Tensor) -> None:
        """Records the gradient norms of β·KL and of the other terms at the encoder's output."""
        (by_kl,) = torch.autograd.grad(self.beta * kl, latent, retain_graph=True)
        (by_rest,) = torch.autograd.grad(rest, latent, retain_graph=True)
        self._measured.append((float(by_kl.norm()), float(by_rest.norm())))

    def after_step(self) -> None:
        if self.settings.prediction:
            with torch.no_grad():
                pairs = zip(self.target.parameters(), self.codec.layouts.parameters(), strict=True)
                for old, new in pairs:
                    old.lerp_(new, 1 - TARGET_DECAY)

    @property
    def _rise(self) -> int:
        """Number of epochs with a codebook over which β rises."""
        return max(round(RISE * self.settings.code_epochs), 1)

    def after_epoch(self) -> None:
        """Updates β: a linear rise, then towards the wanted KL share of the gradient.

        With `kl_share` set, the rise aims at the β that the gradients measured so far imply; a
        target fixed beforehand ended too low for MOST_RESCALE to catch up (LOG.md).
        """
        s = self.settings
        if not s.kl or not self._measured:
            return
        share = sum(kl / max(kl + rest, 1e-12) for kl, rest in self._measured) / len(self._measured)
        self.kl_shares.append(share)
        self._measured = []
        wanted = self.beta
        if s.kl_share and share:
            wanted *= (s.kl_share / (1 - s.kl_share)) / (share / (1 - share))
        risen = len(self.kl_shares) + 1
        if risen <= self._rise:
            self.beta = (wanted if s.kl_share else s.kl) * risen / self._rise
        elif s.kl_share:
            self.beta = min(wanted, self.beta * MOST_RESCALE)


def reconstruction(decoded: Prediction, share: Tensor, mask: Tensor, settings: Settings) -> Tensor:
    """Loss of share and demand, without and with the side input; all blocks count as exposed."""
    used = (share > 0).float()
    total = losses.share_loss(decoded.share, share, mask)
    total = total + losses.share_loss(decoded.side_share, share, mask)
    demand = losses.demand_loss(decoded.demand, used, mask)
    demand = demand + losses.demand_loss(decoded.side_demand, used, mask)
    return (total + settings.demand_weight * demand).mean()


def round_latent(latent: Tensor, done: float, noise: Tensor) -> Tensor:
    """Rounds to 8 bits within ±4, from `done` = EXACTLY on stochastically down to 4 bits.

    noise: in steps, (B, Z); even within ±0.5 makes rounding stochastic. Gradients pass straight
    through.
    """
    bits = 8.0 - 4.0 * min(max(done - EXACTLY, 0.0) / 0.4, 1.0)
    step = 8.0 / 2**bits
    rounded = torch.round(latent / step + noise).mul(step).clamp(-4, 4)
    return latent + (rounded - latent).detach()
