"""Training examples: the state before each visit, and the blocks used in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ml.data.histories import RecordedVisit
from ml.data.sums import PopularityByDay, Sums
from ml.learning.inputs import Inputs
from ml.learning.networks import Batch
from ml.learning.settings import Settings
from ml.learning.walk import Walk, even_prior
from uiengine import features
from uiengine.features import EVIDENCE, FIRST_VISIT, LAST_VISIT, Pages, People
from uiengine.page.surface import Surface

HORIZON_VISITS, HORIZON_DAYS = 20, 28
"""Horizon of the outlook and of the hindsight layout: visits and days ahead."""
DISCOUNT = 0.95
"""Discount per visit ahead, as in the horizon energy."""


@dataclass
class Examples:
    """V visits of at most N blocks, and their targets.

    drawn: (V, N, 2, 3), popularity as if it rested on few visits, see `thin`. share: (V, N), 1/k
    for each of k used blocks. outlook: (V, N), discounted mean share over the coming visits.
    hindsight: (V, N), ranks of the layout that orders blocks by the outlook. has_future: (V,), 0 at
    a subject's last visit. users: (surface, user) of each visit.
    """

    stored: Inputs
    drawn: Tensor
    share: Tensor
    outlook: Tensor
    hindsight: Tensor
    has_future: Tensor
    users: list[tuple[str, str]]

    def __len__(self) -> int:
        return len(self.users)

    @property
    def inputs(self) -> Batch:
        """All visits as one batch, which is large."""
        return self.stored.whole()

    def at(self, rows: Tensor) -> Batch:
        return self.stored.at(rows)

    def thin(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Returns popularity as if it rested on few visits, (R, N, 16), and its evidence, (R,)."""
        mask = self.stored.mask[self.stored.page[rows]].numpy()
        pages = Pages(self.drawn[rows].numpy().astype(np.float64), even_prior(mask), mask)
        nobody = People(np.zeros((len(mask), 0, features.COUNTERS)), np.zeros((len(mask), 3)))
        context = features.encode_context(nobody, features.evidence(pages))
        popularity = torch.from_numpy(features.encode_popularity(pages))
        return popularity, torch.from_numpy(context[:, EVIDENCE])

    def only(self, rows: Tensor) -> Examples:
        """Returns the examples at `rows`, in that order; rows may repeat."""
        return Examples(
            self.stored.only(rows),
            self.drawn[rows],
            self.share[rows],
            self.outlook[rows],
            self.hindsight[rows],
            self.has_future[rows],
            [self.users[i] for i in rows.tolist()],
        )


def build_examples(
    visits: Sequence[RecordedVisit],
    surfaces: Mapping[str, Surface],
    kinds: Mapping[str, int],
    priors: Mapping[str, Mapping[str, Sequence[float]]],
    seed: int = 0,
    progress: Callable[[float], None] = lambda _: None,
    popular: Mapping[str, PopularityByDay] | None = None,
) -> Examples:
    """Builds one example per visit; each sees only strictly earlier visits.

    Args:
        visits: in time order.
        kinds: number of each known kind, from 1.
        priors: per surface, each block's mean share over all visits and over newcomers'.
        popular: of each surface, where these are not everybody's visits.
    """
    known = popular if popular is not None else Sums.of(visits).popularity()
    walk = Walk.of(visits, surfaces, kinds, priors, known)
    share = np.zeros((len(visits), walk.count), dtype=np.float32)
    for i, visit in enumerate(visits):
        index = surfaces[visit.surface].index
        share[i, [index[b] for b in visit.blocks]] = 1 / len(visit.blocks)
    stored, drawn = walk.walked(visits, np.random.default_rng(seed), progress)
    outlook, has_future = coming_shares(visits, share)
    return Examples(
        stored,
        drawn,
        torch.from_numpy(share),
        torch.from_numpy(outlook),
        torch.from_numpy(ranks_of(outlook, stored.mask[stored.page].numpy())),
        torch.from_numpy(has_future),
        [(v.surface, v.user) for v in visits],
    )


def coming_shares(
    visits: Sequence[RecordedVisit], share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the discounted mean share of this and coming visits, (V, N), and has_future, (V,).

    At most HORIZON_VISITS visits within HORIZON_DAYS count, each by DISCOUNT^(visits ahead).
    """
    place = {key: i for i, key in enumerate(dict.fromkeys((v.surface, v.user) for v in visits))}
    subject = np.array([place[v.surface, v.user] for v in visits])
    day = np.array([v.day for v in visits])
    order = np.argsort(subject, kind="stable")
    total, weight = np.zeros_like(share), np.zeros((len(visits), 1), dtype=np.float32)
    has_future = np.zeros(len(visits), dtype=np.float32)
    for ahead in range(min(HORIZON_VISITS, len(visits))):
        now, then = order[: len(order) - ahead], order[ahead:]
        counts = (subject[now] == subject[then]) & (day[then] <= day[now] + HORIZON_DAYS)
        rows, later = now[counts], then[counts]
        total[rows] += np.float32(DISCOUNT**ahead) * share[later]
        weight[rows] += np.float32(DISCOUNT**ahead)
        if ahead == 1:
            has_future[now[subject[now] == subject[then]]] = 1
    return total / weight, has_future


def ranks_of(wanted: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Returns ranks by falling `wanted`, ties as declared and padding last, (V, N)."""
    order = np.argsort(np.where(mask > 0, -wanted, np.inf), axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(order.shape[1]), order.shape), 1)
    return ranks.astype(np.float32)


def augment(
    batch: Batch, thin: tuple[Tensor, Tensor], settings: Settings, generator: torch.Generator
) -> Batch:
    """Hides or shuffles inputs in a share of the samples, so that no network relies on them."""
    size = len(batch.kind)

    def chosen(share: float) -> Tensor:
        return torch.rand(size, generator=generator) < share

    popularity, context = batch.popularity, batch.context.clone()
    few = chosen(settings.thin_popularity)
    popularity = torch.where(few[:, None, None], thin[0], popularity)
    context[:, EVIDENCE] = torch.where(few, thin[1], context[:, EVIDENCE])
    seen = (~chosen(settings.drop_popularity)).float()
    popularity = popularity * seen[:, None, None]
    context[:, EVIDENCE] *= seen
    for column in (LAST_VISIT, FIRST_VISIT):
        context[:, column] *= (~chosen(settings.drop_days)).float()
    swapped = _permutation(batch.mask, chosen(settings.swap_kinds), generator)
    text = torch.gather(batch.text, 1, swapped[..., None].expand_as(batch.text))
    kind = torch.gather(batch.kind, 1, swapped)
    kind = torch.where(chosen(settings.hide_kinds)[:, None], torch.zeros_like(kind), kind)
    random_shape = torch.rand(batch.shape.shape, generator=generator)
    shape = torch.where(chosen(0.5)[:, None, None], random_shape, batch.shape)
    return batch._replace(kind=kind, text=text, shape=shape, popularity=popularity, context=context)


def _permutation(mask: Tensor, which: Tensor, generator: torch.Generator) -> Tensor:
    """Returns block indices per sample, (B, N), shuffled where `which` and ascending elsewhere."""
    noise = torch.rand(mask.shape, generator=generator).masked_fill(mask == 0, 9.0)
    same = torch.arange(mask.shape[1]).expand(mask.shape)
    return torch.where(which[:, None], noise.argsort(1), same)
