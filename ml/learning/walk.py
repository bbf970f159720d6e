"""The walk of each person through their own past, as inputs of the networks before every visit.

What a walk needs of other people, the popularity of the page on a day, is known beforehand, so the
visits may be those of a sample, and of some people at a time. They are encoded AT_ONCE at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ml.data.histories import RecordedVisit
from ml.data.sums import PopularityByDay
from uiengine import features
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.features import Pages, People
from uiengine.page.surface import Surface

AT_ONCE = 8192
"""Visits that are gathered, then encoded."""
MOST_DRAWN = 255
"""Largest count of 8 bits; draws of a few visits stay far below."""


class Encoded(NamedTuple):
    """Inputs of some visits: which page and which day, (B,), and the person, see `Inputs`."""

    page: np.ndarray
    day: np.ndarray
    user: np.ndarray
    context: np.ndarray
    recency: np.ndarray


class Walk:
    """The pages that visits are on, and the days that were met so far.

    count: blocks of the largest page. days: row of each (surface, day). pages: row of each surface
    in the descriptors, (P, N, …), and in mask, (P, N).
    """

    def __init__(
        self,
        surfaces: Mapping[str, Surface],
        kinds: Mapping[str, int],
        priors: Mapping[str, Mapping[str, Sequence[float]]],
        popular: Mapping[str, PopularityByDay],
    ) -> None:
        """popular: of the pages that there are visits on."""
        slugs = [slug for slug in popular if slug in surfaces]
        self._popular, self._priors = popular, priors
        self._raw, self._prior = list[np.ndarray](), list[np.ndarray]()
        self.blocks = {slug: [b.id for b in surfaces[slug].blocks] for slug in slugs}
        self.count = max(map(len, self.blocks.values()), default=1)
        self.pages = {slug: i for i, slug in enumerate(slugs)}
        self.days: dict[tuple[str, int], int] = {}
        described = [features.describe(surfaces[slug], kinds) for slug in slugs]
        self.descriptors = [
            np.ascontiguousarray(features.pad(rows, self.count))
            for rows in zip(*described, strict=True)
        ]
        self.mask = np.zeros((len(slugs), self.count), dtype=np.float32)
        for i, slug in enumerate(slugs):
            self.mask[i, : len(self.blocks[slug])] = 1

    def encoded(self, visits: Sequence[RecordedVisit]) -> Iterator[Encoded]:
        """Yields the inputs of visits, a part at a time. visits: of whole people, by time."""
        profiles: dict[tuple[str, str], Profile] = {}
        for begin in range(0, len(visits), AT_ONCE):
            part = visits[begin : begin + AT_ONCE]
            page = np.array([self.pages[v.surface] for v in part], dtype=np.int64)
            day = np.array([self._day(v) for v in part], dtype=np.int64)
            people = self._gathered(part, profiles)
            days, of_day = np.unique(day, return_inverse=True)
            evidence = features.evidence(self._pages(days))
            context = features.encode_context(people, evidence[of_day])
            user, recency = features.encode_user(people), features.recency(people)
            yield Encoded(page, day, user, context, recency.astype(np.uint8))

    def popularity(self) -> np.ndarray:
        """Returns the popularity of the page on each day that was met, (D, N, 16)."""
        return features.encode_popularity(self._pages(np.arange(len(self.days))))

    def resampled(self, day: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Draws popularity of these days as if it rested on few visits, (B, N, 2, 3)."""
        days, of_day = np.unique(day, return_inverse=True)
        return resampled(np.stack([self._raw[i] for i in days])[of_day], generator)

    def _day(self, visit: RecordedVisit) -> int:
        at = visit.surface, visit.day
        if at not in self.days:
            self.days[at] = len(self.days)
            blocks, row = self.blocks[visit.surface], self._popular[visit.surface].before(visit.day)
            raw, prior = np.zeros((self.count, 2, 3)), np.zeros((self.count, 2))
            raw[: len(blocks)] = features.gather_popularity(row, blocks, visit.day)
            prior[: len(blocks)] = features.gather_prior(self._priors.get(visit.surface), blocks)
            self._raw.append(raw)
            self._prior.append(prior)
        return self.days[at]

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

    def _pages(self, days: np.ndarray) -> Pages:
        page = np.array([self.pages[slug] for slug, _ in self.days], dtype=np.int64)
        raw, prior = ([rows[i] for i in days] for rows in (self._raw, self._prior))
        return Pages(np.stack(raw), np.stack(prior), self.mask[page[days]])


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
