"""Training examples: the state before each visit, and the blocks used in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ml.data.histories import Histories, RecordedVisit, moments
from ml.learning.networks import Batch
from ml.learning.settings import Settings
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

    thin, thin_evidence: popularity and its evidence as if it rested on few visits. share: (V, N),
    1/k for each of k used blocks. outlook: (V, N), discounted mean share over the coming visits.
    hindsight: (V, N), ranks of the layout that orders blocks by the outlook. has_future: (V,), 0 at
    a subject's last visit. users: (surface, user) of each visit.
    """

    inputs: Batch
    thin: Tensor
    thin_evidence: Tensor
    share: Tensor
    outlook: Tensor
    hindsight: Tensor
    has_future: Tensor
    users: list[tuple[str, str]]

    def __len__(self) -> int:
        return len(self.users)

    def at(self, rows: Tensor) -> Batch:
        return Batch(*(t[rows] for t in self.inputs))

    def only(self, rows: Tensor) -> Examples:
        """Returns the examples at `rows`, in that order; rows may repeat."""
        return Examples(
            self.at(rows),
            self.thin[rows],
            self.thin_evidence[rows],
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
) -> Examples:
    """Builds one example per visit; each sees only strictly earlier visits.

    Args:
        visits: in time order.
        kinds: number of each known kind, from 1.
        priors: per surface, each block's mean share over all visits and over newcomers'.
    """
    count = max((len(surfaces[v.surface].blocks) for v in visits), default=1)
    people, pages = _gather(visits, surfaces, priors, count, progress)
    share = np.zeros((len(visits), count), dtype=np.float32)
    for i, visit in enumerate(visits):
        index = surfaces[visit.surface].index
        share[i, [index[b] for b in visit.blocks]] = 1 / len(visit.blocks)
    thin = _thinned(pages, np.random.default_rng(seed))
    users = [(v.surface, v.user) for v in visits]
    outlook, has_future = coming_shares(visits, share)
    return Examples(
        to_batch(people, pages, [surfaces[v.surface] for v in visits], kinds),
        torch.from_numpy(features.encode_popularity(thin)),
        torch.from_numpy(features.encode_context(people, features.evidence(thin))[:, EVIDENCE]),
        torch.from_numpy(share),
        torch.from_numpy(outlook),
        torch.from_numpy(ranks_of(outlook, pages.mask)),
        torch.from_numpy(has_future),
        users,
    )


def _gather(
    visits: Sequence[RecordedVisit],
    surfaces: Mapping[str, Surface],
    priors: Mapping[str, Mapping[str, Sequence[float]]],
    count: int,
    progress: Callable[[float], None],
) -> tuple[People, Pages]:
    """Collects the state before every visit, padded to `count` blocks."""
    ids = {slug: [b.id for b in surface.blocks] for slug, surface in surfaces.items()}
    counters = np.zeros((len(visits), count, features.COUNTERS))
    popularity = np.zeros((len(visits), count, 2, 3))
    prior = np.zeros((len(visits), count, 2))
    known = {slug: features.gather_prior(priors.get(slug), b) for slug, b in ids.items()}
    history = np.zeros((len(visits), 3))
    mask = np.zeros((len(visits), count), dtype=np.float32)
    past, i = Histories(), 0
    for moment in moments(visits):
        shares: dict[str, np.ndarray] = {}
        for visit in moment:
            blocks, slug = ids[visit.surface], visit.surface
            if slug not in shares:
                row = past.popularity(slug, visit.day)
                shares[slug] = features.gather_popularity(row, blocks, visit.day)
            profile = past.profile(visit)
            if profile.visits:
                counters[i, : len(blocks)] = features.gather_user(profile, blocks, visit.day)
            popularity[i, : len(blocks)] = shares[slug]
            prior[i, : len(blocks)] = known[slug]
            history[i] = features.gather_history(profile, visit.day)
            mask[i, : len(blocks)] = 1
            i += 1
        for visit in moment:
            past.observe(visit)
        progress(i / len(visits))
    return People(counters, history), Pages(popularity, prior, mask)


def to_batch(
    people: People, pages: Pages, surfaces: Sequence[Surface], kinds: Mapping[str, int]
) -> Batch:
    """Converts gathered rows to network inputs. surfaces: one per row."""
    count = pages.mask.shape[1]
    distinct = {surface.slug: surface for surface in surfaces}
    described = {slug: features.describe(s, kinds) for slug, s in distinct.items()}
    place = {slug: i for i, slug in enumerate(distinct)}
    which = np.array([place[s.slug] for s in surfaces])
    parts = [
        features.pad([getattr(d, name) for d in described.values()], count)[which]
        for name in ("kind", "text", "shape")
    ]
    arrays = (
        *parts,
        features.encode_user(people),
        features.encode_popularity(pages),
        pages.mask,
        features.encode_context(people, features.evidence(pages)),
        features.recency(people),
    )
    return Batch(*(torch.from_numpy(np.ascontiguousarray(a)) for a in arrays))


def _thinned(pages: Pages, generator: np.random.Generator) -> Pages:
    """Resamples popularity as if it rested on 0.3 to 30 visits, with an even prior."""
    weight = 10 ** generator.uniform(-0.5, 1.5, size=(len(pages.mask), 1, 1, 1))
    total = np.maximum(pages.popularity.sum(axis=1, keepdims=True), 1e-9)
    drawn = generator.poisson(np.minimum(pages.popularity / total * weight, 1e6))
    even = 0.5 * pages.mask / pages.mask.sum(axis=1, keepdims=True)
    even = np.repeat(even[..., None], 2, axis=-1)
    return Pages(drawn.astype(float), even, pages.mask)


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
