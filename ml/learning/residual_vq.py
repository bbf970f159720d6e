"""Residual vector quantisation: each stage codes the residual of the stages before it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from ml.learning.settings import Settings

START_COUNT = 4.0
"""Initial usage count of a code in its moving average."""
AT_ONCE = 8192
"""Residuals that are compared with all codes together, which bounds memory."""
EXACT = 1e-10
"""Mean squared error below which a stage gets no new codes."""


class ResidualQuantiser(nn.Module):
    """S stages of up to K codes, (S, K, Z); the first `codes_in_use[s]` of stage s are valid.

    The first `held[s]` of them neither move nor expire: those of the version that a fit is aligned
    with.
    """

    codes: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        shape = (settings.stages, settings.codes)
        self.codes_in_use = [settings.codes] * settings.stages
        self.held = [0] * settings.stages
        self.register_buffer("codes", torch.zeros(*shape, settings.latent))
        self.register_buffer("counts", torch.full(shape, START_COUNT))
        self.register_buffer("sums", torch.zeros(*shape, settings.latent))

    def start(self, latents: Tensor, seed: int) -> None:
        """Initialises each stage by k-means of its residuals. latents: (B, Z), B ≥ 1."""
        from sklearn.cluster import MiniBatchKMeans  # 120 MB, which a retrain does without

        residual = latents.detach().clone()
        for stage in range(len(self.codes_in_use)):
            most = (
                self.codes_in_use[stage] // 2 if self.settings.growth else self.codes_in_use[stage]
            )
            k = min(most, len(latents))
            means = MiniBatchKMeans(
                k, batch_size=2048, n_init=1, max_iter=8, init="random", random_state=seed + stage
            ).fit(residual.numpy())
            centres = torch.from_numpy(means.cluster_centers_.astype(np.float32))
            self.codes[stage, :k] = centres
            self.codes_in_use[stage] = k
            residual = residual - centres[torch.from_numpy(means.labels_).long()]
        self.sums.copy_(self.codes * START_COUNT)

    def hold(self) -> None:
        """Holds all codes in use: only codes that come to them are learned."""
        self.held = list(self.codes_in_use)

    def nearest(self, stage: int, residual: Tensor) -> Tensor:
        """Returns the index of the nearest code of a stage, (B,)."""
        parts = residual.split(AT_ONCE)  # distances are a code's width larger than their argmin
        found = [self.distances(stage, part).numpy().argmin(1) for part in parts]
        return torch.from_numpy(np.concatenate(found))  # numpy's argmin takes a fifth of torch's

    def distances(self, stage: int, residual: Tensor) -> Tensor:
        """Returns squared distances up to a constant per row, (B, codes in use)."""
        codes = self.codes[stage, : self.codes_in_use[stage]]
        return torch.addmm(codes.square().sum(1), residual, codes.T, alpha=-2)

    def forward(self, latent: Tensor, stages: Tensor, generator: torch.Generator) -> Tensor:
        """Returns the quantised latent, (B, Z), with straight-through gradients.

        stages: number of stages per row, (B,). In training mode the codes follow their residuals.
        """
        residual, total = latent.detach(), torch.zeros_like(latent)
        for stage in range(len(self.codes_in_use)):
            active = stages > stage
            index = self.nearest(stage, residual)
            if self.training:
                self._follow(stage, residual[active], index[active], generator)
            code = self.codes[stage, index]
            total = total + code * active[:, None]
            residual = residual - code
        return latent + (total - latent).detach()

    def prefixes(self, latent: Tensor) -> Iterator[Tensor]:
        """Yields latents coded by the first 0, 1, … and all stages, each (B, Z), as `forward`."""
        residual, total = latent.detach(), torch.zeros_like(latent)
        yield latent + (total - latent)
        for stage in range(len(self.codes_in_use)):
            code = self.codes[stage, self.nearest(stage, residual)]
            total = total + code
            residual = residual - code
            yield latent + (total - latent)

    def tokens(self, latent: Tensor) -> Tensor:
        """Returns the code indices of all stages, (B, S)."""
        residual, found = latent.detach(), []
        for stage in range(len(self.codes_in_use)):
            index = self.nearest(stage, residual)
            residual = residual - self.codes[stage, index]
            found.append(index)
        return torch.stack(found, 1)

    def _follow(
        self, stage: int, residual: Tensor, index: Tensor, generator: torch.Generator
    ) -> None:
        """Updates the codes' moving averages; at random steps, dead codes restart at residuals."""
        if not len(residual):
            return
        decay, used_codes = self.settings.code_decay, self.codes_in_use[stage]
        counts, sums = self.counts[stage], self.sums[stage]
        ones = torch.ones(len(index))
        counts.mul_(decay).index_add_(0, index, ones, alpha=1 - decay)
        sums.mul_(decay).index_add_(0, index, residual, alpha=1 - decay)
        free = slice(self.held[stage], used_codes)
        alive = counts[free] > 1e-3
        means = sums[free] / counts[free].clamp(min=1e-3)[:, None]
        self.codes[stage, free] = torch.where(alive[:, None], means, self.codes[stage, free])
        if torch.rand((), generator=generator) < 0.05:
            self._revive(stage, residual, generator)

    def _revive(self, stage: int, residual: Tensor, generator: torch.Generator) -> None:
        counts = self.counts[stage, : self.codes_in_use[stage]]
        mean = counts.mean()
        is_dead = counts < self.settings.least_usage * mean
        is_dead[: self.held[stage]] = False
        dead = torch.nonzero(is_dead)[:, 0]
        picked = residual[torch.randint(len(residual), (len(dead),), generator=generator)]
        self.codes[stage, dead] = picked
        self.counts[stage, dead] = mean * 0.2
        self.sums[stage, dead] = picked * mean * 0.2

    def grow(self, latents: Tensor, most: float) -> None:
        """Adds up to `most` new codes per stage, as a share of its codes in use, where they pay.

        New codes start at the worst-fitted residuals; they stay only if they lower the stage's
        squared error by more than the bits of their longer index cost: log2(after / before). A held
        first stage gets none, as they would take over people whose first token should stay.
        """
        residual = latents.detach()
        for stage, used_codes in enumerate(self.codes_in_use):
            new = min(int(np.ceil(used_codes * most)), self.settings.codes - used_codes)
            if stage == 0 and self.held[stage]:
                new = 0
            index = self.nearest(stage, residual)
            error = (residual - self.codes[stage, index]).square().sum(1)
            worst = error.topk(min(new, len(error))).indices if new > 0 else index[:0]
            if len(worst):
                added = slice(used_codes, used_codes + len(worst))
                self.codes[stage, added] = residual[worst]
                self.counts[stage, added] = START_COUNT
                self.sums[stage, added] = residual[worst] * START_COUNT
                self.codes_in_use[stage] = used_codes + len(worst)
                after = (residual - self.codes[stage, self.nearest(stage, residual)]).square()
                worth = 4 ** (
                    -np.log2(self.codes_in_use[stage] / used_codes) / self.settings.latent
                )
                if float(error.mean()) < EXACT or float(after.sum()) > worth * float(error.sum()):
                    self.codes_in_use[stage] = used_codes
            residual = residual - self.codes[stage, self.nearest(stage, residual)]

    def expire(self, latents: Tensor, least: int) -> None:
        """Drops codes used fewer than `least` times on these latents, stage by stage.

        A stage keeps at least one code; later stages see the residuals of the remaining codes,
        which are left in `latents`.
        """
        parts = latents.detach().split(AT_ONCE)
        for stage, in_use in enumerate(self.codes_in_use):
            used = torch.zeros(in_use, dtype=torch.int64)
            for part in parts:
                used += torch.bincount(self.nearest(stage, part), minlength=in_use)
            is_kept = used >= min(least, int(used.max()))
            is_kept[: self.held[stage]] = True
            keep = torch.nonzero(is_kept)[:, 0]
            kept = self.codes[stage, keep].clone()
            self.codes[stage] = 0.0
            self.codes[stage, : len(keep)] = kept
            self.codes_in_use[stage] = len(keep)
            for part in parts:
                part -= self.codes[stage, self.nearest(stage, part)]
