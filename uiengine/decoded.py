"""What a codebook version says of one subject on one surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .popularity import Popularity
from .profile import Profile
from .surface import Surface

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Request:
    """Everything a decision depends on besides the version; the engine reads nothing else.

    profile: as of the start of the visit, its open visit closed. popularity: of the days before
    `day` (whole UTC days since 1970). visit: the id that names the visit. budget: candidates that
    may be scored; 1 means System 1, the decoded variant alone. seed: for exploration only.
    variants: how many of the best distinct layouts to return.
    """

    surface: Surface
    profile: Profile
    popularity: Popularity
    day: int
    visit: str = ""
    budget: int = 32
    seed: int = 0
    variants: int = 1


@dataclass(frozen=True)
class Decoded:
    """Per block, in the order of `surface.blocks` (shape (N,)).

    tokens: 1 to 8 codebook indices. score: order score, higher stands nearer the top. demand:
    probability of use at the next visit; share: expected share of the visit's uses (sums to 1);
    both with the side input, and `score` follows `share`. tokens_share: the same from the tokens
    alone. outlook: expected share over the coming visits (a head trained on the mean share of the
    next 20 visits within 28 days, discounted by 0.95 a visit; sums to 1), which the planner takes
    for the base that demand returns to. size_class: 0 min, 1 default, 2 max. side_bits: bits of
    side input read.
    distortion: squared quantisation error of the latent over its variance.
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


class Version(Protocol):
    """A loaded codebook version (`runtime.load`)."""

    id: str

    def read(self, requests: Sequence[Request], *, bits: int = 64) -> list[Decoded]:
        """Encodes each subject into at most bits/8 tokens and decodes them, in one batch."""
        ...

    def neighbours(self, request: Request, tokens: tuple[int, ...], count: int) -> list[Decoded]:
        """The decoded variants of at most `count` token lists that differ in one token."""
        ...


@dataclass(frozen=True)
class Stability:
    """moved: blocks whose rank differs from the previous visit's. cost_seconds: modelled seconds
    lost to unlearnt places over the horizon; saves_seconds: what the move saves net of that."""

    moved: tuple[str, ...] = ()
    budget: int = 0
    cost_seconds: float = 0.0
    saves_seconds: float = 0.0


@dataclass(frozen=True)
class Reason:
    """Why a block stands where it does: a code with its values, worded by `explain.sentence`."""

    code: str
    block: str
    values: Mapping[str, str | int | float] = field(default_factory=dict)
