"""Splits users into training and held back, and computes features of both, for all experiments."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ml.data.histories import RecordedVisit, pages, visits_of
from ml.data.sums import default_orders, mean_shares
from ml.evaluation.replay import static_orders
from ml.learning.building import build_examples
from ml.learning.examples import Examples
from uiengine.page.surface import Surface

HELD_BACK = 0.25
"""Share of users held back from training."""


@dataclass(frozen=True)
class Side:
    """One side's visits in time order, and the state before each of them.

    static: (V, N), the rank of each block in the training data's popularity order.
    """

    visits: Sequence[RecordedVisit]
    examples: Examples
    static: np.ndarray

    @property
    def surface(self) -> np.ndarray:
        return np.array([v.surface for v in self.visits])

    @property
    def number(self) -> np.ndarray:
        """Number of the visit per user and surface, from 0, (V,)."""
        return np.array([v.number for v in self.visits])


@dataclass(frozen=True)
class Split:
    train: Side
    test: Side
    surfaces: Mapping[str, Surface]
    kinds: Mapping[str, int]
    orders: Mapping[str, Sequence[str]]


def is_held_back(users: Sequence[str], share: float = HELD_BACK) -> list[bool]:
    """Says which users are judged on; a hash of the name decides, so that all runs agree."""
    digest = (hashlib.sha256(user.encode()).hexdigest()[:8] for user in users)
    return [int(d, 16) / 2**32 < share for d in digest]


def split_frame(
    visits: pd.DataFrame, share: float = HELD_BACK
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns the rows of training users, and of users held back."""
    users = visits.user.unique().tolist()
    held = visits.user.map(dict(zip(users, is_held_back(users, share), strict=True))).astype(bool)
    return visits[~held], visits[held]


def prepare(
    train: pd.DataFrame,
    test: pd.DataFrame,
    seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
    *,
    surfaces: Mapping[str, Surface] | None = None,
) -> Split:
    """Computes features of both sides as `ml.replay` sees them.

    The past of a visit is every strictly earlier visit of its own side; priors and static orders
    come from the training side. surfaces: declared pages; None means one column of what occurs.
    """
    surfaces = dict(surfaces or pages([train, test]))
    learned, judged = visits_of(train), visits_of(test)
    names = sorted({b.kind for s in surfaces.values() for b in s.blocks})
    kinds = {kind: i + 1 for i, kind in enumerate(names)}
    priors = mean_shares(learned)
    orders = static_orders(surfaces, default_orders(learned, surfaces))

    def side(visits: Sequence[RecordedVisit], begin: float, width: float) -> Side:
        examples = build_examples(
            visits, surfaces, kinds, priors, seed, lambda share: progress(begin + width * share)
        )
        return Side(visits, examples, static_ranks(visits, surfaces, orders))

    return Split(side(learned, 0.0, 0.75), side(judged, 0.75, 0.25), surfaces, kinds, orders)


def static_ranks(
    visits: Sequence[RecordedVisit],
    surfaces: Mapping[str, Surface],
    orders: Mapping[str, Sequence[str]],
) -> np.ndarray:
    """Ranks each block in its surface's static order, (V, N); padding ranks last."""
    count = max(len(surfaces[v.surface].blocks) for v in visits)
    of_surface = {}
    for slug, order in orders.items():
        place = {block: rank for rank, block in enumerate(order)}
        ranks = [place[b.id] for b in surfaces[slug].blocks]
        of_surface[slug] = ranks + list(range(len(ranks), count))
    return np.array([of_surface[v.surface] for v in visits])


def some_rows(where: np.ndarray) -> Tensor:
    return torch.from_numpy(np.flatnonzero(where))
