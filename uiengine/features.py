"""Features: the networks' inputs on blocks, a profile and a surface's popularity.

Training, replay and serving all use this module, the only code for features. It has two steps:
*gather* reads one profile or popularity into a small array, *encode* turns a batch of gathered rows
into network inputs. B requests, N blocks; rows with fewer blocks are padded and masked. Personal
attributes are never an input.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from uiengine.behaviour.popularity import HALF_LIVES as POPULARITY_HALF_LIVES
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import DAY_HALF_LIVES, VISIT_HALF_LIVES, BlockUse, Profile
from uiengine.page.surface import Block, Surface

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

TEXT_BUCKETS = 64
"""Number of hash buckets for character 3-grams of kind and title."""
TITLE_WEIGHT = 0.5
"""Weight of the title's 3-grams; the kind's is 1."""
SHAPE, USER, POPULARITY, CONTEXT = 6, 12, 16, 6
"""Widths of the features; see `_shape`, `encode_user`, `encode_popularity`, `encode_context`."""
IS_NEW, LAST_VISIT, FIRST_VISIT, EVIDENCE = 1, 2, 3, 5
"""Columns of the context: 1 before the first visit, days since last and first visit, weight of the
popularity."""
COUNTERS = 8
"""Width of one gathered block: 2 visit shares, 3 day uses, visits and days since, uses."""
RECENCY_BITS = 4
"""Bits of side input per block."""
_RECENCY_STEPS = np.array([0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 23, 31, 47, 79])
_NO_USE = (0.0,) * COUNTERS
_VISIT_DECAYS = 2.0 ** (-1 / np.array(VISIT_HALF_LIVES))
_VISIT_LOSSES = 1 - _VISIT_DECAYS
_DAY_RATES = -1 / np.array([*DAY_HALF_LIVES, 4.0, 30.0])
"""Exponents of 2 per day; the last two measure how recently a block was used."""
_CONTEXT_LOGS = (0, LAST_VISIT, FIRST_VISIT, EVIDENCE)
_CONTEXT_SCALES = (3.0, 3.0, 4.0, 5.0)
_PRIOR_VISITS = 0.5
KNOWN_PRIOR_VISITS = 5.0
"""Weight, in visits, of a trained surface's popularity in its training data."""


class Descriptors(NamedTuple):
    """Block descriptors for the networks. kind: (N,), 0 = unknown; text: (N, 64); shape: (N, 6)."""

    kind: Ints
    text: Floats
    shape: Floats


class People(NamedTuple):
    """Raw rows of B subjects. counters: (B, N, 8), see `gather_user`; history: (B, 3), see
    `gather_history`."""

    counters: npt.NDArray[np.float64]
    history: npt.NDArray[np.float64]


class Pages(NamedTuple):
    """Raw rows of B pages.

    popularity: (B, N, 2, 3), decayed share sums of all visits and of newcomers'; prior: (B, N, 2),
    prior shares in visits, see `gather_prior`; mask: (B, N), 1 for a block, 0 for padding.
    """

    popularity: npt.NDArray[np.float64]
    prior: npt.NDArray[np.float64]
    mask: Floats


def describe(surface: Surface, kinds: Mapping[str, int]) -> Descriptors:
    """Describes the surface's blocks. kinds: the version's known kinds, numbered from 1."""
    blocks = surface.blocks
    return Descriptors(
        np.array([kinds.get(block.kind, 0) for block in blocks], dtype=np.int64),
        np.stack([hashed_text(block.kind, block.title) for block in blocks]),
        np.array([_shape(surface, block) for block in blocks], dtype=np.float32),
    )


def hashed_text(kind: str, title: str) -> Floats:
    """Hashes character 3-grams of kind and title into TEXT_BUCKETS buckets; unit length.

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
    """Widths as shares of the columns, height, and flags, at the widest breakpoint; all in 0..1."""
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


def gather_user(profile: Profile, blocks: Iterable[str], day: int) -> list[tuple[float, ...]]:
    """A profile's counters for the blocks: N rows of COUNTERS.

    Decayed shares and uses are those at the last use. Visits since then are 1 for the last visit;
    all values of an unused block are 0.
    """
    known, visits = profile.blocks, profile.visits
    return [_counters(known[b], visits, day) if b in known else _NO_USE for b in blocks]


def _counters(use: BlockUse, visits: int, day: int) -> tuple[float, ...]:
    gap = visits - use.visit + 1
    return (*use.visit_shares, *use.day_uses, gap, max(day - use.day, 0), use.uses)


def gather_history(profile: Profile, day: int) -> tuple[float, ...]:
    """Number of visits, days since the last and since the first; 0 for a new subject."""
    if not profile.visits:
        return (0.0, 0.0, 0.0)
    return (profile.visits, max(day - profile.last_day, 0), max(day - profile.first_day, 0))


def gather_popularity(
    popularity: Popularity, blocks: Sequence[str], day: int
) -> npt.NDArray[np.float64]:
    """Decayed share sums of all and of newcomers at `day`, (N, 2, 3); 0 for unused blocks."""
    none = (0.0,) * len(POPULARITY_HALF_LIVES)
    shares, newcomers = popularity.shares, popularity.newcomers
    rows = np.array([(shares.get(b, none), newcomers.get(b, none)) for b in blocks])
    elapsed = max(day - popularity.day, 0)
    return np.asarray(rows * 2.0 ** (-elapsed / np.array(POPULARITY_HALF_LIVES)))


def gather_prior(
    shares: Mapping[str, Sequence[float]] | None, blocks: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Prior shares for all visits and newcomers' visits, (N, 2), in visits.

    An even share is worth half a visit; on surfaces the version was trained for, its mean shares
    add 5 visits.
    """
    even = np.full((len(blocks), 2), _PRIOR_VISITS / len(blocks))
    if not shares:
        return even
    return even + KNOWN_PRIOR_VISITS * np.array([shares.get(b, (0.0, 0.0)) for b in blocks])


def gather_page(
    popularity: Popularity,
    blocks: Sequence[str],
    day: int,
    shares: Mapping[str, Sequence[float]] | None,
) -> Pages:
    """One page on a day. shares: see `gather_prior`."""
    shown, prior = gather_popularity(popularity, blocks, day), gather_prior(shares, blocks)
    return Pages(shown[None], prior[None], np.ones((1, len(blocks)), dtype=np.float32))


def encode_user(people: People) -> Floats:
    """The user's behaviour per block, (B, N, 12).

    Columns: shares per visit at half-lives of 4 and 20 visits; uses decayed by days (log); used in
    the last visit; 1 / visits since; decay of days since; uses (log), any use, root of uses per
    visit.
    """
    c, visits = people.counters, people.history[:, :1]
    gap, uses = c[..., 5], c[..., 7]
    used = uses > 0
    weight = (1 - _VISIT_DECAYS ** visits[..., None]) / _VISIT_LOSSES
    left = _VISIT_DECAYS ** (c[..., 5:6] - 1)
    decayed = 2.0 ** (c[..., 6:7] * _DAY_RATES)
    columns = np.empty((*gap.shape, USER), dtype=np.float32)
    columns[..., :2] = c[..., :2] * left / (weight + _PRIOR_VISITS)
    columns[..., 2:5] = np.log1p(c[..., 2:5] * decayed[..., :3])
    columns[..., 5] = gap == 1
    columns[..., 6] = used / np.maximum(gap, 1)
    columns[..., 7:9] = used[..., None] * decayed[..., 3:]
    columns[..., 9] = np.log1p(uses) / 2
    columns[..., 10] = used
    columns[..., 11] = np.sqrt(uses / np.maximum(visits, 1))
    return columns


def encode_popularity(pages: Pages) -> Floats:
    """The page's popularity per block, (B, N, 16): of all visits, then of newcomers' only.

    Columns: share relative to an even one, and its log, at each half-life (1.5, 5, 15 days), and
    two trends; all 0 without data.
    """
    count = pages.mask.sum(axis=1)[:, None, None, None]
    weight = pages.popularity + pages.prior[..., None]
    share = weight * count / weight.sum(axis=1, keepdims=True)
    logs = np.log((share + 0.02) / 1.02)
    trend = (logs[..., :-1] - logs[..., 1:]) / 2
    columns = np.concatenate([(share - 1) / 4, logs / 2, trend], axis=-1)
    columns = columns.reshape(*columns.shape[:2], POPULARITY) * pages.mask[:, :, None]
    return columns.astype(np.float32)


def evidence(pages: Pages) -> npt.NDArray[np.float64]:
    """The weight of the popularity, (B,): recent use, in visits."""
    return np.asarray(pages.popularity[:, :, 0, 0].sum(axis=1))


def encode_context(people: People, evidence: npt.NDArray[np.float64]) -> Floats:
    """Visits (log), first visit, days since last and first (log), visits up to 10, evidence."""
    visits = people.history[:, 0]
    counts = np.concatenate([people.history, evidence[:, None]], axis=1)
    columns = np.empty((len(visits), CONTEXT), dtype=np.float32)
    columns[:, _CONTEXT_LOGS] = np.log1p(counts) / _CONTEXT_SCALES
    columns[:, IS_NEW] = visits == 0
    columns[:, 4] = np.minimum(visits, 10) / 10
    return columns


def recency(people: People) -> Ints:
    """The side input, (B, N): 0 for never used, else 1..15 by visits since the last use. 4 bits."""
    return _RECENCY_STEPS.searchsorted(people.counters[..., 5], side="left")


def side_bits(surface: Surface) -> int:
    """Bits of side input that one decision reads."""
    return RECENCY_BITS * len(surface.blocks)


def pad(rows: Sequence[npt.NDArray[Any]], count: int) -> npt.NDArray[Any]:
    """Stacks rows of shape (n, …) to (B, count, …), filled with 0; a single full row is not
    copied."""
    if len(rows) == 1 and len(rows[0]) == count:
        return rows[0][None]
    stacked = np.zeros((len(rows), count, *rows[0].shape[1:]), dtype=rows[0].dtype)
    for i, row in enumerate(rows):
        stacked[i, : len(row)] = row
    return stacked
