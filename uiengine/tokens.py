"""Residual quantisation: a latent becomes 1 to 8 codebook indices, while they pay their bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
TOKEN_BITS = 8


@dataclass(frozen=True)
class Codebook:
    """codes: (S, K, Z), of which the first slots[s] of a stage exist. variance: of the latent.

    seconds_per_error: modelled seconds over the horizon that one unit of squared quantisation
    error costs, fitted in training. seconds_per_bit: λ, what a bit must save to be spent.
    """

    codes: Floats
    slots: tuple[int, ...]
    variance: float
    seconds_per_error: float
    seconds_per_bit: float

    @cached_property
    def _squares(self) -> list[Floats]:
        """Squared lengths of each stage's codes."""
        return [np.square(self.codes[i, :n]).sum(axis=1) for i, n in enumerate(self.slots)]

    def encode(self, latents: Floats, most: Sequence[int]) -> list[tuple[int, ...]]:
        """Tokens of each latent, (B, Z). most: the largest number of tokens for each, ≥ 1."""
        residual = latents.astype(np.float32)
        error = np.square(residual).sum(axis=1)
        tokens: list[list[int]] = [[] for _ in latents]
        active = np.ones(len(latents), dtype=bool)
        limit = np.asarray(most)
        for stage, slots in enumerate(self.slots):
            active &= stage < np.maximum(limit, 1)
            if not active.any():
                break
            codes = self.codes[stage, :slots]
            index = (self._squares[stage] - 2 * residual @ codes.T).argmin(axis=1)
            rest = residual - codes[index]
            left = np.square(rest).sum(axis=1)
            saved = self.seconds_per_error * (error - left)
            pays = saved > self.seconds_per_bit * TOKEN_BITS
            active &= pays | (stage == 0)
            for i in np.flatnonzero(active):
                tokens[i].append(int(index[i]))
            residual = np.where(active[:, None], rest, residual)
            error = np.where(active, left, error)
        return [tuple(t) for t in tokens]

    def decode(self, tokens: Sequence[Sequence[int]]) -> Floats:
        """The latents that tokens stand for, (B, Z)."""
        latents = np.zeros((len(tokens), self.codes.shape[2]), dtype=np.float32)
        for i, indices in enumerate(tokens):
            for stage, index in enumerate(indices):
                latents[i] += self.codes[stage, index]
        return latents

    def distortion(self, latents: Floats, decoded: Floats) -> npt.NDArray[np.float64]:
        """Squared quantisation error of each latent over the latent's variance, (B,)."""
        squared = np.square(latents - decoded, dtype=np.float64).sum(axis=1)
        return np.asarray(squared / max(self.variance, 1e-12))
