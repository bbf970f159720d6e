"""The walk of each person through their own past, as inputs of the networks before every visit.

What a walk needs of other people, the popularity of the page on a day, is known beforehand, so the
visits may be those of a sample. They are encoded AT_ONCE at a time: a walk needs little more memory
than its result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ml.data.histories import RecordedVisit
from ml.data.sums import PopularityByDay
from ml.learning.inputs import Inputs
from uiengine import features
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.features import Pages, People
from uiengine.page.surface import Surface

AT_ONCE = 8192
"""Visits that are gathered, then encoded."""
MOST_DRAWN = 255
"""Largest count of 8 bits; draws of a few visits stay far below."""


@dataclass(frozen=True)
class Walk:
    """The pages and their days that visits are on.

    count: blocks of the largest page. blocks: ids by surface. pages: row of each surface in the
    descriptors. days: row of each (surface, day) in `raw`, (D, N, 2, 3), and `prior`, (D, N, 2).
    mask: (P, N).
    """

    count: int
    blocks: Mapping[str, Sequence[str]]
    pages: Mapping[str, int]
    days: Mapping[tuple[str, int], int]
    descriptors: Sequence[Tensor]
    raw: np.ndarray
    prior: np.ndarray
    mask: np.ndarray

    @classmethod
    def of(
        cls,
        visits: Sequence[RecordedVisit],
        surfaces: Mapping[str, Surface],
        kinds: Mapping[str, int],
        priors: Mapping[str, Mapping[str, Sequence[float]]],
        popular: Mapping[str, PopularityByDay],
    ) -> Walk:
        slugs = list(dict.fromkeys(v.surface for v in visits))
        blocks = {slug: [b.id for b in surfaces[slug].blocks] for slug in slugs}
        count = max(map(len, blocks.values()), default=1)
        days = {at: i for i, at in enumerate(dict.fromkeys((v.surface, v.day) for v in visits))}
        raw, prior = np.zeros((len(days), count, 2, 3)), np.zeros((len(days), count, 2))
        for (slug, day), i in days.items():
            size = len(blocks[slug])
            row = popular[slug].before(day)
            raw[i, :size] = features.gather_popularity(row, blocks[slug], day)
            prior[i, :size] = features.gather_prior(priors.get(slug), blocks[slug])
        described = [features.describe(surfaces[slug], kinds) for slug in slugs]
        parts = [
            torch.from_numpy(np.ascontiguousarray(features.pad(rows, count)))
            for rows in zip(*described, strict=True)
        ]
        mask = np.zeros((len(slugs), count), dtype=np.float32)
        for i, slug in enumerate(slugs):
            mask[i, : len(blocks[slug])] = 1
        pages = {slug: i for i, slug in enumerate(slugs)}
        return cls(count, blocks, pages, days, parts, raw, prior, mask)

    def walked(
        self,
        visits: Sequence[RecordedVisit],
        generator: np.random.Generator,
        progress: Callable[[float], None],
    ) -> tuple[Inputs, Tensor]:
        """Returns the inputs of each visit, and popularity resampled to few visits."""
        page = np.array([self.pages[v.surface] for v in visits], dtype=np.int64)
        day = np.array([self.days[v.surface, v.day] for v in visits], dtype=np.int64)
        size, count = len(visits), self.count
        user = np.empty((size, count, features.USER), dtype=np.float32)
        context = np.empty((size, features.CONTEXT), dtype=np.float32)
        recency = np.empty((size, count), dtype=np.uint8)
        drawn = np.empty((size, count, 2, 3), dtype=np.uint8)
        profiles: dict[tuple[str, str], Profile] = {}
        of_days = self._pages(np.arange(len(self.days)), self._page_of_day())
        evidence = features.evidence(of_days)
        for begin in range(0, size, AT_ONCE):
            rows = slice(begin, begin + AT_ONCE)
            people = self._gathered(visits[rows], profiles)
            user[rows] = features.encode_user(people)
            context[rows] = features.encode_context(people, evidence[day[rows]])
            recency[rows] = features.recency(people)
            drawn[rows] = resampled(self.raw[day[rows]], generator)
            progress(min(begin + AT_ONCE, size) / size)
        arrays = (features.encode_popularity(of_days), user, context, recency, page, day)
        kind, text, shape = self.descriptors
        mask = torch.from_numpy(self.mask)
        inputs = Inputs(kind, text, shape, mask, *(torch.from_numpy(a) for a in arrays))
        return inputs, torch.from_numpy(drawn)

    def _gathered(
        self, visits: Sequence[RecordedVisit], profiles: dict[tuple[str, str], Profile]
    ) -> People:
        """Collects the person before each visit, and adds the visit to the person's past."""
        counters = np.zeros((len(visits), self.count, features.COUNTERS))
        history = np.zeros((len(visits), 3))
        for i, visit in enumerate(visits):
            blocks = self.blocks[visit.surface]
            profile = profiles.setdefault((visit.surface, visit.user), Profile())
            if profile.visits:
                counters[i, : len(blocks)] = features.gather_user(profile, blocks, visit.day)
            history[i] = features.gather_history(profile, visit.day)
            fold_visit(profile, visit.day, visit.blocks)
        return People(counters, history)

    def _page_of_day(self) -> np.ndarray:
        return np.array([self.pages[slug] for slug, _ in self.days], dtype=np.int64)

    def _pages(self, day: np.ndarray, page: np.ndarray) -> Pages:
        return Pages(self.raw[day], self.prior[day], self.mask[page])


def resampled(popularity: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draws popularity as if it rested on 0.3 to 30 visits, (B, N, 2, 3), whole numbers."""
    weight = 10 ** generator.uniform(-0.5, 1.5, size=(len(popularity), 1, 1, 1))
    total = np.maximum(popularity.sum(axis=1, keepdims=True), 1e-9)
    drawn = generator.poisson(popularity / total * weight)
    return np.asarray(np.minimum(drawn, MOST_DRAWN), dtype=np.uint8)


def even_prior(mask: np.ndarray) -> np.ndarray:
    """Prior shares of a page of which nothing is known, (B, N, 2), in visits."""
    even = 0.5 * mask / mask.sum(axis=1, keepdims=True)
    return np.repeat(even[..., None], 2, axis=-1)
