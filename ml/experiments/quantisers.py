"""Codebooks of `vector-quantize-pytorch` in place of ours, with our networks and 64 bits a user.

Both code everyone with all their bits; no codes are added and none expire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor
from vector_quantize_pytorch import FSQ, ResidualVQ

from ml.learning.residual_vq import ResidualQuantiser
from ml.learning.settings import Settings

FSQ_LEVELS = 4
"""Levels per latent dimension: 2 bits in each of 32 dimensions."""


class PeerQuantiser(ResidualQuantiser):
    """A quantiser for `ml.learning.loop` whose codes are a library's; our own stay unused."""

    def start(self, latents: Tensor, seed: int) -> None:
        pass

    def expire(self, latents: Tensor, least: int) -> None:
        pass

    def prefixes(self, latent: Tensor) -> Iterator[Tensor]:
        for count in range(self.settings.stages + 1):
            yield self(latent, torch.full((len(latent),), count), torch.Generator())


class FiniteScalar(PeerQuantiser):
    """Finite scalar quantisation (Mentzer et al. 2023), each dimension scaled by its deviation."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.scale = torch.ones(settings.latent)
        self.inner = FSQ([FSQ_LEVELS] * settings.latent, return_indices=False)

    def start(self, latents: Tensor, seed: int) -> None:
        self.scale = latents.std(0).clamp(min=1e-3)

    def forward(self, latent: Tensor, stages: Tensor, generator: torch.Generator) -> Tensor:
        coded, _ = self.inner((latent / self.scale)[:, None])
        scaled: Tensor = coded[:, 0] * self.scale
        return scaled


class ResidualPeer(PeerQuantiser):
    """Residual vector quantisation with moving averages, restarts of dead codes and k-means."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.inner = ResidualVQ(
            dim=settings.latent,
            num_quantizers=settings.stages,
            codebook_size=settings.codes,
            kmeans_init=True,
            threshold_ema_dead_code=2,
            decay=settings.code_decay,
        )

    def forward(self, latent: Tensor, stages: Tensor, generator: torch.Generator) -> Tensor:
        coded, _, _ = self.inner(latent[:, None])
        straight: Tensor = latent + (coded[:, 0] - latent).detach()
        return straight


CODEBOOKS: Mapping[str, type[PeerQuantiser]] = {"FSQ": FiniteScalar, "residual VQ": ResidualPeer}
