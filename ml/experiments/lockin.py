"""Tests for lock-in: does a page learn to show only what it already shows?

Simulated people have known needs. A block is used only if it is needed *and* looked at, which at
rank r happens with probability 0.85^r. The engine is retrained 12 times on its own traffic, beside
two naive yes/no learners that treat every unused block as not needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.histories import Histories, RecordedVisit
from ml.evaluation.judge import captured
from ml.experiments.lockin_learners import LEARNERS, Learner, states_of
from ml.experiments.lockin_world import SURFACE, World
from ml.learning.settings import Settings
from ml.progress import Progress
from uiengine.request import Request

LOOKED_AT = 0.85
"""Base of the probability that rank r is looked at, LOOKED_AT^r."""
START_DAY = 20_458
"""Day of the first visit, 2026-01-05, in days since 1970."""


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


def lock_in(
    world: World, innate: Path, settings: Settings | None, show: Progress, names: Sequence[str]
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
