"""What a device expects of its person, from the public book and their own past alone.

A version's networks stay on the server. A device multiplies powers of what everybody used lately
and of the person's own habit (a log-linear model), once for the next visit and once for those after
it. `adaptive-device.js` does the same arithmetic in the browser.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from uiengine.behaviour.popularity import HALF_LIVES, advance
from uiengine.behaviour.profile import BlockUse, Profile, day_uses_at, visit_shares_at
from uiengine.book.book import Book
from uiengine.cost.energy import Floats
from uiengine.explain import LEAST_PEOPLE, people_lately
from uiengine.model.prediction import Prediction
from uiengine.request import Request

LEAST_SHARE = 0.002
"""Least share of a block in what everybody used: nothing is impossible."""
LEAST_USES = 0.1
"""Uses that every block is given: what one never used is not impossible either."""
PER_MILLE = 1000


class Weights(NamedTuple):
    """Exponents of shares and uses, fitted to visits (ml/LOG.md).

    lately: everybody's shares, per half-life of HALF_LIVES; visits: own shares, decayed by 4
    visits; days, month: own uses, decayed by 2 and by 28 days; known: logarithm of the factor of
    blocks that the person ever used; known_lately: added to the first of `lately` for those.
    """

    lately: tuple[float, ...]
    visits: float
    days: float
    month: float
    known: float
    known_lately: float


NEXT = Weights((1.50, -0.02, -0.68), 0.31, 0.19, 0.41, -1.91, -0.40)
"""Of the next visit."""
LATER = Weights((1.30, 0.21, -0.67), 0.36, 0.08, 0.41, -2.34, -0.43)
"""Of the visits after it."""


def used_lately(book: Book) -> list[list[int]]:
    """Everybody's shares of the page's uses per half-life, (3, N), in thousandths.

    Those of newcomers, as the version reads them, where fewer than LEAST_PEOPLE others came.
    """
    known = advance(book.popularity, book.day)
    if people_lately(known, book.day) - 1 < LEAST_PEOPLE:
        return [(PER_MILLE * book.demand[0]).round().astype(int).tolist()] * len(HALF_LIVES)
    none = (0.0,) * len(HALF_LIVES)
    shares = np.array([known.shares.get(b, none) for b in book.surface.index]).T
    total = np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
    found: list[list[int]] = (PER_MILLE * shares / total).round().astype(int).tolist()
    return found


def expected_on_device(request: Request, book: Book) -> Prediction:
    """What to expect of a person with this past, as `choose_byte` takes it. Reads no version."""
    used = _Used.of(request.profile, request)
    lately = np.log(np.maximum(np.array(used_lately(book)) / PER_MILLE, LEAST_SHARE))
    share, later = (_share(lately, used, weights) for weights in (NEXT, LATER))
    sizes = np.ones(len(share), dtype=np.int64)
    return Prediction((), share, share, share, share, later, sizes, 0, 0.0)


class _Used(NamedTuple):
    """Own uses per block, (N,): see Weights."""

    visits: Floats
    days: Floats
    month: Floats
    known: Floats

    @classmethod
    def of(cls, profile: Profile, request: Request) -> _Used:
        nothing = BlockUse()
        blocks = [profile.blocks.get(b, nothing) for b in request.surface.index]
        days = np.array([day_uses_at(block, request.day) for block in blocks])
        visits = np.array([visit_shares_at(block, profile.visits)[0] for block in blocks])
        known = np.array([float(block.uses > 0) for block in blocks])
        return cls(visits, days[:, 0], days[:, -1], known)


def _share(lately: Floats, used: _Used, weights: Weights) -> Floats:
    """Σ weights × logarithms, normalised. lately: logarithms of shares, (3, N)."""
    found = np.array(weights.lately) @ lately
    own = zip((used.visits, used.days, used.month), weights[1:4], strict=True)
    for uses, weight in own:
        found = found + weight * np.log(uses + LEAST_USES)
    found = found + used.known * (weights.known + weights.known_lately * lately[0])
    found = np.exp(found - found.max())
    share: Floats = found / found.sum()
    return share
