"""A codebook version's prediction for one subject on one surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from uiengine.request import Request

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prediction:
    """Values per block, (N,), in the order of `surface.blocks`.

    tokens: 1 to 8 codebook indices. score: order score, higher stands nearer the top. demand:
    probability of use at the next visit; share: expected share of the visit's uses (sums to 1);
    both with the side input, and `score` follows `share`. tokens_share: share from the tokens
    alone. outlook: expected share over the coming visits (a head trained on the mean share of the
    next 20 visits within 28 days, discounted by 0.95 per visit; sums to 1), which the planner uses
    as the base that demand returns to. size_class: 0 min, 1 default, 2 max. side_bits: bits of side
    input read. distortion: squared quantisation error of the latent over its variance. is_guess:
    the version was not trained for this surface. own_visits: visits of one's own that weigh as much
    as this version's expectation, also of the next visit, as learned on this surface; None where
    the coefficients say it. knows_kinds: the version was trained with the kinds of more than half
    of the blocks.
    """

    tokens: tuple[int, ...]
    score: Floats
    demand: Floats
    share: Floats
    tokens_share: Floats
    outlook: Floats
    size_class: npt.NDArray[np.int64]
    side_bits: int
    distortion: float
    is_guess: bool = False
    own_visits: float | None = None
    knows_kinds: bool = False


class Version(Protocol):
    """A loaded codebook version (`load_version`)."""

    id: str

    def read(self, requests: Sequence[Request], *, bits: int = 64) -> list[Prediction]:
        """Encodes each subject into at most bits/8 tokens and decodes them, in one batch."""
        ...

    def neighbours(self, request: Request, tokens: tuple[int, ...], count: int) -> list[Prediction]:
        """The decoded variants of at most `count` token lists that differ in one token."""
        ...
