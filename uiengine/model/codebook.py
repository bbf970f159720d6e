"""Residual quantisation of a latent into 1 to 8 codebook indices, as long as they pay their
bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
TOKEN_BITS = 8


@dataclass(frozen=True)
class Codebook:
    """The codes of a version and their prices.

    codes: (S, K, Z), of which the first codes_in_use[s] of stage s exist; variance: of the latents;
    seconds_per_error: modelled seconds over the horizon per unit of squared quantisation error,
    fitted in training; seconds_per_bit: λ, the saving that a bit must bring.
    """

    codes: Floats
    codes_in_use: tuple[int, ...]
    variance: float
    seconds_per_error: float
    seconds_per_bit: float

    @cached_property
    def _stages(self) -> list[tuple[Floats, Doubles, Doubles]]:
        """Per stage, its codes, (K, Z), the same transposed, and half their squared lengths, (K,).

        In 64 bits a product's rounding, which differs by how many latents there are, chooses no
        other code.
        """
        held = [self.codes[i, :n] for i, n in enumerate(self.codes_in_use)]
        wide = [np.ascontiguousarray(codes.T, dtype=np.float64) for codes in held]
        halves = [np.square(columns).sum(axis=0) / 2 for columns in wide]
        return list(zip(held, wide, halves, strict=True))

    def encode(self, latents: Floats, most: Sequence[int]) -> list[tuple[int, ...]]:
        """Returns the tokens of each latent, (B, Z). most: maximum number of tokens of each, ≥
        1."""
        stages = self._stages[: max(most)]
        residuals = np.empty((len(stages) + 1, *latents.shape), dtype=np.float32)
        residuals[0] = latents
        residual, chosen = residuals[0], list[list[int]]()
        for i, (codes, columns, halves) in enumerate(stages):
            # the nearest code, by half its squared distance
            index = (halves - residual.astype(np.float64).dot(columns)).argmin(axis=1)
            residual = np.subtract(residual, codes.take(index, axis=0), out=residuals[i + 1])
            chosen.append(index.tolist())
        lefts = np.add.reduce(np.square(residuals[1:]), axis=2)
        pays = self.seconds_per_error * (lefts[:-1] - lefts[1:]) > self.seconds_per_bit * TOKEN_BITS
        counts = np.logical_and.accumulate(pays).sum(axis=0)  # stops at the first that does not
        rows = zip(*chosen, strict=True)
        limits = zip(rows, counts.tolist(), most, strict=True)
        return [row[: min(count + 1, limit)] for row, count, limit in limits]

    def decode(self, tokens: Sequence[Sequence[int]]) -> Floats:
        """Returns the latents of tokens, (B, Z)."""
        latents = np.zeros((len(tokens), self.codes.shape[2]), dtype=np.float32)
        for i, indices in enumerate(tokens):
            codes = self.codes[np.arange(len(indices)), list(indices)]
            latents[i] = np.add.reduce(codes, axis=0)
        return latents

    def distortion(self, latents: Floats, decoded: Floats) -> npt.NDArray[np.float64]:
        """Squared quantisation error of each latent, divided by the variance of latents, (B,)."""
        squared = np.square(latents - decoded, dtype=np.float64).sum(axis=1)
        return np.asarray(squared / max(self.variance, 1e-12))
