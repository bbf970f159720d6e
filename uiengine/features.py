"""Features: what the networks see of blocks, of a profile and of a surface's popularity.

The only feature code there is: training, replay and serving call it. Two steps: *gather* reads one
profile or one popularity row into a small array, *encode* turns a batch of gathered rows into
network inputs. B requests, N blocks; rows with fewer blocks are padded and masked. Attributes of
people are no argument of anything here.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .popularity import HALF_LIVES as POPULARITY_HALF_LIVES
from .popularity import Popularity
from .profile import DAY_HALF_LIVES, VISIT_HALF_LIVES, BlockUse, Profile
from .surface import Block, Surface

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

TEXT_BUCKETS = 64
"""Buckets that character 3-grams of kind and title are hashed into."""
TITLE_WEIGHT = 0.5
"""Weight of the title's 3-grams beside the kind's."""
SHAPE, USER, POPULARITY, CONTEXT = 6, 12, 16, 6
"""Widths of the features; see `_shape`, `encode_user`, `encode_popularity`, `encode_context`."""
LAST_VISIT, FIRST_VISIT, EVIDENCE = 2, 3, 5
"""Columns of the context: days since the last and the first visit, weight of the popularity."""
COUNTERS = 9
"""Width of one gathered block: 2 visit shares, 3 day uses, visit, day, uses, last share."""
RECENCY_BITS = 4
"""Bits of side input per block."""
_RECENCY_STEPS = np.array([1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 23, 31, 47, 79])
_NO_USE = (0.0,) * COUNTERS
_VISIT_DECAYS = 2.0 ** (-1 / np.array(VISIT_HALF_LIVES))
_DAY_RATES = -1 / np.array([*DAY_HALF_LIVES, 4.0, 30.0])
"""Per day, as powers of 2; the last two for how lately a block was used."""
_PRIOR_VISITS = 0.5
KNOWN_PRIOR_VISITS = 5.0
"""Visits that a trained surface's popularity in its training data counts for."""


class Descriptors(NamedTuple):
    """Blocks as the networks know them. kind: (N,), 0 = unknown; text: (N, 64); shape: (N, 6)."""

    kind: Ints
    text: Floats
    shape: Floats


@dataclass(frozen=True)
class Gathered:
    """Raw rows of B requests. counters: (B, N, 9); popularity: (B, N, 2, 3), decayed share sums of
    all and of newcomers; prior: (B, N, 2), visits' worth of shares taken for granted, see
    `gather_prior`; history: (B, 4),
    visits, day now, last day, first day; mask: (B, N), 1 where there is a block.
    """

    counters: npt.NDArray[np.float64]
    popularity: npt.NDArray[np.float64]
    prior: npt.NDArray[np.float64]
    history: npt.NDArray[np.float64]
    mask: Floats


@dataclass(frozen=True)
class Inputs:
    """What the encoder takes, in this order, all but the integers float32."""

    kind: Ints
    text: Floats
    shape: Floats
    user: Floats
    popularity: Floats
    mask: Floats
    context: Floats

    def as_dict(self) -> dict[str, npt.NDArray[np.float32] | Ints]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


def describe(surface: Surface, kinds: Mapping[str, int]) -> Descriptors:
    """The surface's blocks. `kinds`: the kinds a version knows, numbered from 1."""
    blocks = surface.blocks
    return Descriptors(
        np.array([kinds.get(block.kind, 0) for block in blocks], dtype=np.int64),
        np.stack([hashed_text(block.kind, block.title) for block in blocks]),
        np.array([_shape(surface, block) for block in blocks], dtype=np.float32),
    )


def hashed_text(kind: str, title: str) -> Floats:
    """Character 3-grams of kind and title in TEXT_BUCKETS buckets, of unit length.

    A title that repeats the kind adds nothing.
    """
    vector = _grams(kind)
    if title.lower() != kind.lower():
        vector = vector + TITLE_WEIGHT * _grams(title)
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector


def _grams(text: str) -> Floats:
    padded = f"^{text.lower()}$"
    vector = np.zeros(TEXT_BUCKETS, dtype=np.float32)
    for i in range(len(padded) - 2):
        vector[zlib.crc32(padded[i : i + 3].encode()) % TEXT_BUCKETS] += 1
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector


def _shape(surface: Surface, block: Block) -> tuple[float, ...]:
    """Widths as shares of the columns, height, flags; at the widest breakpoint, all in 0..1."""
    at = surface.widest
    limits = block.sizes[at.name]
    widest = limits.max.w if limits.max else at.columns
    return (
        limits.default.w / at.columns,
        limits.min.w / at.columns,
        min(widest / at.columns, 1.0),
        min(float(np.log2(limits.default.h)) / 4, 1.0),
        float(block.required),
        float(block.is_pinned),
    )


def gather_user(profile: Profile, blocks: Sequence[str]) -> list[tuple[float, ...]]:
    """A profile's counters for the blocks, as of their own last use: N rows of COUNTERS."""
    known = profile.blocks
    return [_counters(known[b]) if b in known else _NO_USE for b in blocks]


def _counters(use: BlockUse) -> tuple[float, ...]:
    return (*use.visit_shares, *use.day_uses, use.visit, use.day, use.uses, use.last_share)


def gather_history(profile: Profile, day: int) -> tuple[float, ...]:
    """Visits, day now, last day, first day; the days are `day` for a subject without a visit."""
    if not profile.visits:
        return (0.0, day, day, day)
    return (profile.visits, day, min(profile.last_day, day), min(profile.first_day, day))


def gather_popularity(
    popularity: Popularity, blocks: Sequence[str], day: int
) -> npt.NDArray[np.float64]:
    """Decayed share sums of all and of newcomers as of `day`, (N, 2, 3); 0 where nobody used it."""
    none = (0.0,) * len(POPULARITY_HALF_LIVES)
    shares, newcomers = popularity.shares, popularity.newcomers
    rows = np.array([(shares.get(b, none), newcomers.get(b, none)) for b in blocks])
    elapsed = max(day - popularity.day, 0)
    return np.asarray(rows * 2.0 ** (-elapsed / np.array(POPULARITY_HALF_LIVES)))


def gather_prior(
    shares: Mapping[str, Sequence[float]] | None, blocks: Sequence[str]
) -> npt.NDArray[np.float64]:
    """What popularity starts from, (N, 2), for all and for newcomers: a version's mean shares of a
    surface it was trained for, worth 5 visits; an even share worth half a visit elsewhere."""
    even = np.full((len(blocks), 2), _PRIOR_VISITS / len(blocks))
    if not shares:
        return even
    return even + KNOWN_PRIOR_VISITS * np.array([shares.get(b, (0.0, 0.0)) for b in blocks])


def encode_user(rows: Gathered) -> Floats:
    """The user's own behaviour per block, (B, N, 12).

    Shares per visit at half-lives of 4 and 20 visits; uses decayed by days (log); used in the last
    visit; 1 / visits since; decay of days since; uses (log), any use, root of uses per visit.
    """
    c, visits, day = rows.counters, rows.history[:, :1], rows.history[:, 1:2]
    uses = c[:, :, 7]
    used = uses > 0
    gap = np.where(used, visits - c[:, :, 5] + 1, 0.0)
    weight = (1 - _VISIT_DECAYS ** visits[..., None]) / (1 - _VISIT_DECAYS)
    left = _VISIT_DECAYS ** np.maximum(gap - 1, 0)[..., None]
    decayed = 2.0 ** (np.maximum(day - c[:, :, 6], 0.0)[..., None] * _DAY_RATES)
    columns = np.empty((*gap.shape, USER))
    columns[..., :2] = c[..., :2] * left / (weight + _PRIOR_VISITS)
    columns[..., 2:5] = np.log1p(c[..., 2:5] * decayed[..., :3])
    columns[..., 5] = gap == 1
    columns[..., 6] = used / np.maximum(gap, 1)
    columns[..., 7:9] = used[..., None] * decayed[..., 3:]
    columns[..., 9] = np.log1p(uses) / 2
    columns[..., 10] = used
    columns[..., 11] = np.sqrt(uses / np.maximum(visits, 1))
    return _masked(columns, rows.mask)


def encode_popularity(rows: Gathered) -> Floats:
    """The surface's popularity per block, (B, N, 16): of all visits, then of newcomers' alone.

    Share relative to an even one and its log at each half-life (1.5, 5, 15 days), and two trends;
    all 0 where nothing is known of it.
    """
    count = rows.mask.sum(axis=1)[:, None, None, None]
    weight = rows.popularity + rows.prior[..., None]
    share = weight * count / weight.sum(axis=1, keepdims=True)
    logs = np.log((share + 0.02) / 1.02)
    trend = (logs[..., :-1] - logs[..., 1:]) / 2
    columns = np.concatenate([(share - 1) / 4, logs / 2, trend], axis=-1)
    return _masked(columns.reshape(*columns.shape[:2], POPULARITY), rows.mask)


def encode_context(rows: Gathered) -> Floats:
    """Visits (log), first visit, days since last and first (log), visits up to 10, evidence."""
    visits, day, last, first = rows.history.T
    evidence = rows.popularity[:, :, 0, 0].sum(axis=1)
    columns = np.empty((len(visits), CONTEXT))
    columns[:, 0] = np.log1p(visits) / 3
    columns[:, 1] = visits == 0
    columns[:, 2] = np.log1p(day - last) / 3
    columns[:, 3] = np.log1p(day - first) / 4
    columns[:, 4] = np.minimum(visits, 10) / 10
    columns[:, 5] = np.log1p(evidence) / 5
    return columns.astype(np.float32)


def recency(rows: Gathered) -> Ints:
    """The side input, (B, N): 0 never used, then 1..15 by visits since the last use. 4 bits."""
    gap = rows.history[:, :1] - rows.counters[:, :, 5] + 1
    level = np.searchsorted(_RECENCY_STEPS, gap, side="left") + 1
    return np.where(rows.counters[:, :, 7] > 0, level, 0).astype(np.int64)


def side_bits(surface: Surface) -> int:
    """Bits of side input that one decision reads."""
    return RECENCY_BITS * len(surface.blocks)


def pad(rows: Sequence[npt.NDArray[np.generic]], count: int) -> npt.NDArray[np.generic]:
    """Rows of shape (n, …) stacked to (B, count, …), filled with 0."""
    stacked = np.zeros((len(rows), count, *rows[0].shape[1:]), dtype=rows[0].dtype)
    for i, row in enumerate(rows):
        stacked[i, : len(row)] = row
    return stacked


def _masked(values: npt.NDArray[np.float64], mask: Floats) -> Floats:
    return np.asarray(values * mask[:, :, None], dtype=np.float32)
