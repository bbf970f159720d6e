"""Holds a fit near the version that it starts from, so that tokens keep meaning what they mean."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from ml.learning.networks import Batch, Codec

WEIGHT = 10.0
"""Weight of the squared distance beside the other terms of the loss. LOG.md compares others."""


@dataclass(frozen=True)
class Anchor:
    """The encoder that a fit starts from, as it was."""

    codec: Codec

    @classmethod
    def of(cls, codec: Codec) -> Anchor:
        return cls(copy.deepcopy(codec).eval().requires_grad_(False))

    def loss(self, latent: Tensor, batch: Batch) -> Tensor:
        """Returns WEIGHT · mean ‖E(x) − E₀(x)‖². latent: (B, Z), of the batch as it is encoded
        now."""
        with torch.no_grad():
            before = self.codec.encode(batch)
        return WEIGHT * (latent - before).square().sum(1).mean()
