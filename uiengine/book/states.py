"""The people that a book is made for: what they need, and the orders that they were served."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.cost.energy import Floats, Ints
from uiengine.model.prediction import Prediction
from uiengine.model.served_order import ServedOrder
from uiengine.model.version import CodebookVersion
from uiengine.page.reading_order import apply_pins, complete
from uiengine.page.surface import Surface
from uiengine.request import Request
from uiengine.search.assignment import outlook
from uiengine.search.planner import plan

IMAGINED, VISITS = 128, 16
"""Number of imagined people beside one for each block, and of visits of each, one a day."""
WORTH = 500.0
"""Visits of real people that all imagined ones together count as."""
CONCENTRATION = 2.0
"""Of their needs around the codes' shares: the lower, the fewer blocks a person keeps to."""
MOST_USED = 2
"""Blocks that an imagined person uses in a visit, at most."""


class States(NamedTuple):
    """S states, each of people at some visits.

    share, base: expected share of the next visit and of later ones, (S, N), in the order of
    `surface.blocks`; orders: the order served, as positions in `surface.blocks`, (S, N); visits:
    how many, (S,).
    """

    share: Floats
    base: Floats
    orders: Ints
    visits: Floats


def known_states(
    newcomer: Request, version: CodebookVersion, served: Sequence[ServedOrder]
) -> States:
    """The states that training kept of this page, as the version reads them on the request's day.

    Removed blocks are left out of the orders, added ones stand after their declared predecessor.
    """
    surface = newcomer.surface
    read = version.decode(newcomer, [row.tokens for row in served])
    orders = [apply_pins(surface, complete(surface, row.order), {}) for row in served]
    return States(
        np.array([p.tokens_share for p in read]),
        np.array([p.outlook for p in read]),
        _places(surface, orders),
        np.array([row.visits for row in served], dtype=np.float64),
    )


def imagined_states(surface: Surface, version: CodebookVersion) -> States:
    """States of imagined people, for a page that nobody was learned from; the same each time.

    One of them for each block needs it alone, so that ways lead every block higher; the others have
    a need drawn around what one code of the first stage stands for. They use the page by it, and
    are served by the engine as anybody is.
    """
    generator = np.random.default_rng(zlib.crc32(f"{version.id}\n{surface.slug}".encode()))
    needs = _needs(surface, version, generator)
    people, ids = [Profile() for _ in needs], np.array(list(surface.index))
    shares, bases, orders = [], [], []
    for day in range(VISITS):
        requests = [Request(surface, person, Popularity(), day, str(day)) for person in people]
        read: Sequence[Prediction] = version.read(requests)
        for request, prediction, need in zip(requests, read, needs, strict=True):
            expected, order = outlook(request, prediction), plan(request, prediction).order
            shares.append(expected.demand)
            bases.append(expected.base)
            orders.append(order)
            count = int(generator.integers(1, min(MOST_USED, int((need > 0).sum())) + 1))
            used = generator.choice(ids, count, replace=False, p=need)
            fold_visit(request.profile, day, used.tolist(), order)
    worth = np.full(len(orders), WORTH / len(orders))
    return States(np.array(shares), np.array(bases), _places(surface, orders), worth)


def together(known: States, imagined: States) -> States:
    """Known states, then imagined ones."""
    pairs = zip(known, imagined, strict=True)
    return States(*(np.concatenate(pair) for pair in pairs))


def _needs(
    surface: Surface, version: CodebookVersion, generator: np.random.Generator
) -> list[Floats]:
    """A need per imagined person: shares of their uses, (N,)."""
    nobody = Request(surface, Profile(), Popularity(), 0)
    codes = np.arange(IMAGINED) % version.codebook.codes_in_use[0]
    read = version.decode(nobody, [(int(code),) for code in codes])
    around = [generator.dirichlet(CONCENTRATION * p.tokens_share + 1e-3) for p in read]
    return [*np.eye(len(surface.blocks)), *around]


def _places(surface: Surface, orders: Sequence[Sequence[str]]) -> Ints:
    return np.array([[surface.index[b] for b in order] for order in orders], dtype=np.int64)
