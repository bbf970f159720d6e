"""Tests for lock-in: does a page learn to show only what it already shows?

Simulated people have known needs. A block is used only if it is needed *and* looked at, which at
rank r happens with probability 0.85^r. The engine is retrained 12 times on its own traffic, beside
two naive yes/no learners that treat every unused block as not needed.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from sklearn.linear_model import LogisticRegression

from ml.data.histories import Histories, RecordedVisit, page
from ml.data.rows import visits_frame
from ml.evaluation.judge import captured
from ml.learning.settings import Settings
from ml.training.train import train_version
from uiengine import features
from uiengine.engine import choose
from uiengine.model.version import CodebookVersion, gather_people
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface
from uiengine.request import Request

LOOKED_AT = 0.85
"""Base of the probability that rank r is looked at, LOOKED_AT^r."""
SURFACE = "simulated"
START_DAY = 20_458
"""Day of the first visit, 2026-01-05, in days since 1970."""
Show = Callable[[float, str], None]


@dataclass(frozen=True)
class World:
    """Parameters of the simulation.

    A visit needs each of a person's `regular` blocks with probability 0.2 to 0.6, each of the
    `rare` ones with 0.08, and any other with 0.005. visits: per person and round, one a day.
    """

    people: int = 120
    blocks: int = 20
    visits: int = 10
    retrains: int = 12
    regular: int = 3
    rare: int = 3
    seed: int = 0

    def needs(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the probability that a visit needs a block, and which are rare, both (P, B)."""
        rng = np.random.default_rng(self.seed)
        popular = rng.permutation(1 / np.arange(1, self.blocks + 1) ** 0.8)
        need = np.full((self.people, self.blocks), 0.005)
        is_rare = np.zeros(need.shape, dtype=bool)
        for person in range(self.people):
            regular = rng.choice(
                self.blocks, self.regular, replace=False, p=popular / popular.sum()
            )
            need[person, regular] = rng.uniform(0.2, 0.6, self.regular)
            others = np.setdiff1d(np.arange(self.blocks), regular)
            rare = rng.choice(others, self.rare, replace=False)
            need[person, rare] = 0.08
            is_rare[person, rare] = True
        return need, is_rare

    @property
    def surface(self) -> Surface:
        return page(SURFACE, [f"block-{i:02d}" for i in range(self.blocks)])


class Learner(Protocol):
    def orders(self, requests: Sequence[Request]) -> list[tuple[str, ...]]: ...

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


@dataclass
class Walk:
    """State of one simulated run: people, their visits so far and the learner."""

    world: World
    learner: Learner
    past: Histories = field(default_factory=Histories)
    visits: list[RecordedVisit] = field(default_factory=list)
    rows: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    day: int = 0

    def __post_init__(self) -> None:
        self.need, self.is_rare = self.world.needs()
        self.surface = self.world.surface
        best = np.argsort(-self.need.mean(0), kind="stable")
        self.static = np.argsort(best)
        self.rng = np.random.default_rng([self.world.seed, 1])

    def round(self) -> dict[str, float]:
        """Simulates one round with the current learner; measures needs met, not uses."""
        days = [self._day() for _ in range(self.world.visits)]
        self.rows = [rows for _, rows in days]
        every = np.concatenate([figures for figures, _ in days])
        columns = dict(zip(("S", "P", "C"), every[:, :3].T, strict=True))
        rare = every[:, 3:].sum(0)
        return {
            "captured": round(captured(columns, np.ones(len(every), dtype=bool)), 4),
            "rare_found": round(float(rare[1] / max(rare[0], 1)), 4),
            "visits": len(every),
        }

    def learn(self) -> None:
        """Retrains the learner on the traffic of the rounds so far."""
        states, used = (np.concatenate(part) for part in zip(*self.rows, strict=True))
        self.learner.learn(self.visits, states, used)

    def _day(self) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Simulates one day's visits; returns the figures and the learner's (states, used) rows.

        People who used nothing are in the figures, but not in the rows.
        """
        requests = self._requests()
        states = states_of(requests).reshape(len(requests), self.world.blocks, -1)
        orders = self.learner.orders(requests)
        place = [{b: r for r, b in enumerate(order)} for order in orders]
        rank = np.array([[p[b] for b in self.surface.index] for p in place])
        need = self.rng.random(rank.shape) < self.need
        used = need & (self.rng.random(rank.shape) < LOOKED_AT**rank)
        self._observe(orders, used)
        self.day += 1
        seen = used.any(1)
        rows = states[seen].reshape(-1, states.shape[2]), used[seen].reshape(-1)
        return self._figures(need, used, rank), rows

    def _visit(self, person: int, blocks: tuple[str, ...] = ()) -> RecordedVisit:
        day = START_DAY + self.day
        at = str(np.datetime64(day, "D"))
        return RecordedVisit(SURFACE, f"person-{person}", at, day * 86_400, day, blocks, self.day)

    def _requests(self) -> list[Request]:
        people = [self._visit(i) for i in range(self.world.people)]
        day = people[0].day
        popularity = self.past.popularity(SURFACE, day)
        return [
            Request(self.surface, self.past.profile(v), popularity, day, f"{v.user}\t{v.at}")
            for v in people
        ]

    def _observe(self, orders: Sequence[tuple[str, ...]], used: np.ndarray) -> None:
        """Stores visits; those without a use leave no trace, as in the product."""
        names = np.array(list(self.surface.index))
        for i in np.flatnonzero(used.any(1)).tolist():
            visit = self._visit(i, tuple(sorted(names[used[i]].tolist())))
            self.past.observe(visit, orders[i])
            self.visits.append(visit)

    def _figures(self, need: np.ndarray, used: np.ndarray, rank: np.ndarray) -> np.ndarray:
        """S, P, C, rare needs and rare needs met of people who need something, (n, 5)."""
        some = need.any(1)
        count = need[some].sum(1)
        rare = need & self.is_rare
        columns = (
            (self.static * need[some]).sum(1) / count,
            (rank * need)[some].sum(1) / count,
            (count - 1) / 2,
            rare[some].sum(1),
            (rare & used)[some].sum(1),
        )
        return np.stack(columns, axis=1)


LEARNERS: dict[str, Callable[[World, Path, Settings | None], Learner]] = {
    "engine": lambda world, innate, settings: Engine(world.surface, innate, settings, world.seed),
    "yes/no over all features": lambda world, innate, settings: Naive(),
    "yes/no rates of the last round": lambda world, innate, settings: Rates(world),
}


def lock_in(
    world: World, innate: Path, settings: Settings | None, show: Show, names: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yields a line per learner and round; round 0 shows blocks in alphabetical order."""
    total = len(names) * (world.retrains + 1)
    for place, name in enumerate(names):
        walk = Walk(world, LEARNERS[name](world, innate, settings))
        for number in range(world.retrains + 1):
            if number:
                walk.learn()
            about = {"part": name, "learner": name, "retrains": number, "data": "simulated"}
            yield {**about, **walk.round()}
            done = place * (world.retrains + 1) + number + 1
            show(done / total, f"{name}: retrain {number} of {world.retrains}")
