"""What learns from simulated traffic: the engine, and two naive yes/no learners beside it."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from sklearn.linear_model import LogisticRegression

from ml.data.histories import RecordedVisit
from ml.data.rows import visits_frame
from ml.experiments.lockin_world import SURFACE, World
from ml.learning.settings import Settings
from ml.training.train import train_version
from uiengine import features
from uiengine.engine import choose
from uiengine.model.version import CodebookVersion, gather_people
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface
from uiengine.request import Request


class Learner(Protocol):
    def orders(self, requests: Sequence[Request]) -> list[tuple[str, ...]]:
        """Returns the ids of each request's blocks in the order to show them."""
        ...

    def learn(self, visits: Sequence[RecordedVisit], states: np.ndarray, used: np.ndarray) -> None:
        """Learns after a round.

        visits: all so far. states: (n, F), features as `states_of` computed them before each visit,
        a row per visit and block of this round. used: (n,), whether the block was used.
        """
        ...


@dataclass
class Engine:
    """The product's engine: serves as it does, retrains from the innate version on stored uses."""

    surface: Surface
    innate: Path
    settings: Settings | None = None
    seed: int = 0
    version: CodebookVersion | None = None

    def orders(self, requests: Sequence[Request]) -> list[tuple[str, ...]]:
        if self.version is None:
            return [tuple(r.surface.index) for r in requests]
        read = self.version.read(requests)
        return [
            choose(r, d, self.version.id).layout.order for r, d in zip(requests, read, strict=True)
        ]

    def learn(self, visits: Sequence[RecordedVisit], states: np.ndarray, used: np.ndarray) -> None:
        uses = ((v.surface, v.user, v.at, block, 1) for v in visits for block in v.blocks)
        with tempfile.TemporaryDirectory() as folder:
            train_version(
                visits_frame(uses),
                Path(folder) / "version",
                surfaces={SURFACE: self.surface},
                innate=self.innate,
                seed=self.seed,
                settings=self.settings,
            )
            self.version = load_version(Path(folder) / "version")


@dataclass
class Naive:
    """A yes/no classifier that predicts from the engine's features whether a block is used.

    It trains on the last round's traffic, where every unused block counts as not needed, seen or
    not. Blocks are ordered by the predicted probability of use.
    """

    model: LogisticRegression = field(default_factory=lambda: LogisticRegression(max_iter=500))
    is_fitted: bool = False

    def orders(self, requests: Sequence[Request]) -> list[tuple[str, ...]]:
        names = [tuple(r.surface.index) for r in requests]
        if not self.is_fitted:
            return names
        chance = self.model.predict_proba(states_of(requests))[:, 1].reshape(len(requests), -1)
        return [
            tuple(n[i] for i in np.argsort(-c, kind="stable"))
            for n, c in zip(names, chance, strict=True)
        ]

    def learn(self, visits: Sequence[RecordedVisit], states: np.ndarray, used: np.ndarray) -> None:
        self.model.fit(states, used)
        self.is_fitted = True


@dataclass
class Rates:
    """The simplest learner: counts each person's uses of a block in the last round; ties are broken
    by everyone's counts. Blocks at the bottom are rarely seen, and are so forgotten.
    """

    world: World
    rates: dict[str, Counter[str]] = field(default_factory=dict)
    everyone: Counter[str] = field(default_factory=Counter)

    def orders(self, requests: Sequence[Request]) -> list[tuple[str, ...]]:
        found = []
        for request in requests:
            mine = self.rates.get(request.visit.split("\t")[0], Counter())
            found.append(self._order(request.surface.index, mine))
        return found

    def _order(self, names: Iterable[str], mine: Counter[str]) -> tuple[str, ...]:
        return tuple(sorted(names, key=lambda b: (-mine[b], -self.everyone[b], b)))

    def learn(self, visits: Sequence[RecordedVisit], states: np.ndarray, used: np.ndarray) -> None:
        self.rates, self.everyone = {}, Counter()
        for visit in visits:
            if visit.day > visits[-1].day - self.world.visits:
                self.rates.setdefault(visit.user, Counter()).update(visit.blocks)
                self.everyone.update(visit.blocks)


def states_of(requests: Sequence[Request]) -> np.ndarray:
    """Computes user and popularity features, one row per request and block."""
    people = gather_people(requests, len(requests[0].surface.blocks))
    pages = [
        features.gather_page(r.popularity, tuple(r.surface.index), r.day, None) for r in requests
    ]
    shown = np.concatenate([features.encode_popularity(page) for page in pages])
    joined = np.concatenate([features.encode_user(people), shown], axis=2)
    return joined.reshape(-1, joined.shape[2])


LEARNERS: dict[str, Callable[[World, Path, Settings | None], Learner]] = {
    "engine": lambda world, innate, settings: Engine(world.surface, innate, settings, world.seed),
    "yes/no over all features": lambda world, innate, settings: Naive(),
    "yes/no rates of the last round": lambda world, innate, settings: Rates(world),
}
