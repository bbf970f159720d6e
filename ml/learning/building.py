"""Makes examples of visits, group of people by group, in memory or in files.

Which of the two, and how people are grouped, changes no bit of them: examples come in the order of
time, and what is drawn is drawn in that order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import torch

from ml.data.histories import RecordedVisit
from ml.data.sums import PopularityByDay, Sums
from ml.learning.examples import Examples, Targets
from ml.learning.inputs import Inputs
from ml.learning.rows import Rows, kept, mapped, room
from ml.learning.walk import AT_ONCE, Walk
from uiengine.page.surface import Surface

HORIZON_VISITS, HORIZON_DAYS = 20, 28
"""Horizon of the outlook and of the hindsight layout: visits and days ahead."""
DISCOUNT = 0.95
"""Discount per visit ahead, as in the horizon energy."""
OF_VISITS = ("page", "day", "user", "context", "recency")
TARGETS = Targets._fields
PERSON, DRAWN, PLACE, PEOPLE = "person", "drawn", "place", "people.json"
OF_PAGES = ("kind", "text", "shape", "mask", "popularity")


def build_examples(
    visits: Sequence[RecordedVisit],
    surfaces: Mapping[str, Surface],
    kinds: Mapping[str, int],
    priors: Mapping[str, Mapping[str, Sequence[float]]],
    seed: int = 0,
    progress: Callable[[float], None] = lambda _: None,
    popular: Mapping[str, PopularityByDay] | None = None,
) -> Examples:
    """Builds one example per visit, in memory; each sees only strictly earlier visits.

    Args:
        visits: one or more, in time order.
        kinds: number of each known kind, from 1.
        priors: per surface, each block's mean share over all visits and over newcomers'.
        popular: of each surface, where these are not everybody's visits.
    """
    known = popular if popular is not None else Sums.of(visits).popularity()
    building = Building(surfaces, kinds, priors, known)
    building.add(visits, progress)
    return building.examples(seed)


class Building:
    """Examples of the visits that were added so far; len: how many."""

    def __init__(
        self,
        surfaces: Mapping[str, Surface],
        kinds: Mapping[str, int],
        priors: Mapping[str, Mapping[str, Sequence[float]]],
        popular: Mapping[str, PopularityByDay],
        folder: Path | None = None,
    ) -> None:
        """folder: where files are written, an empty one; None: examples are kept in memory."""
        self._walk = Walk(surfaces, kinds, priors, popular)
        self._folder = folder
        self._index = {slug: surface.index for slug, surface in surfaces.items()}
        names = (*OF_VISITS, *TARGETS, PERSON)
        self._rows = {name: Rows(self._path(name)) for name in names}
        self._when = Rows(None)
        self._people: dict[tuple[str, str], int] = {}
        self._groups, self._count = 0, 0

    def __len__(self) -> int:
        return self._count

    @property
    def subjects(self) -> int:
        return len(self._people)

    def close(self) -> None:
        """Closes the files, of which nothing may be read any more unless `examples` was called."""
        for rows in self._rows.values():
            rows.close()

    def add(
        self, visits: Sequence[RecordedVisit], progress: Callable[[float], None] = lambda _: None
    ) -> None:
        """Adds all visits of some people, in time order."""
        if not visits:
            return
        self._add_targets(visits)
        done = 0
        for part in self._walk.encoded(visits):
            for name, rows in zip(OF_VISITS, part, strict=True):
                self._rows[name].append(rows)
            done += len(part.page)
            progress(done / len(visits))
        self._groups += 1
        self._count += len(visits)

    def examples(self, seed: int) -> Examples:
        """Returns the examples, in time order. Call once, after a visit or more."""
        rows = {name: found.end() for name, found in self._rows.items()}
        place = self._by_time(rows[PERSON].numpy())
        of_visits = {name: rows[name] for name in OF_VISITS}
        shared = (*self._walk.descriptors, self._walk.mask, self._walk.popularity())
        of_pages = {n: kept(a, self._path(n)) for n, a in zip(OF_PAGES, shared, strict=True)}
        people = list(self._people)
        if self._folder is not None:
            (self._folder / PEOPLE).write_text(json.dumps(people))
        return Examples(
            Inputs(**of_pages, **of_visits),
            Targets(*(rows[name] for name in TARGETS)),
            self._drawn(rows["day"].numpy(), place, seed),
            rows[PERSON],
            people,
            kept(place, self._path(PLACE)),
            self._folder,
        )

    def _add_targets(self, visits: Sequence[RecordedVisit]) -> None:
        share = np.zeros((len(visits), self._walk.count), dtype=np.float32)
        for i, visit in enumerate(visits):
            blocks = self._index[visit.surface]
            share[i, [blocks[b] for b in visit.blocks]] = 1 / len(visit.blocks)
        outlook, has_future = coming_shares(visits, share)
        mask = self._walk.mask[[self._walk.pages[v.surface] for v in visits]]
        targets = (share, outlook, ranks_of(outlook, mask), has_future)
        for name, rows in zip(TARGETS, targets, strict=True):
            self._rows[name].append(rows)
        number, people = self._people.setdefault, self._people
        person = [number((v.surface, v.user), len(people)) for v in visits]
        self._rows[PERSON].append(np.array(person, dtype=np.int32))
        self._when.append(np.array([_microseconds(v) for v in visits], dtype=np.int64))

    def _by_time(self, person: np.ndarray) -> np.ndarray:
        """Returns the place of each example among the rows, by time, then surface and user."""
        if self._groups == 1:
            return np.arange(len(person))
        rank = np.empty(len(self._people), dtype=np.int32)
        for number, who in enumerate(sorted(self._people)):
            rank[self._people[who]] = number
        return np.lexsort((rank[person], self._when.end().numpy()))

    def _drawn(self, day: np.ndarray, place: np.ndarray, seed: int) -> torch.Tensor:
        """Draws popularity as of few visits for each example."""
        generator, path = np.random.default_rng(seed), self._path(DRAWN)
        drawn = room((len(place), self._walk.count, 2, 3), np.uint8, path)
        for begin in range(0, len(place), AT_ONCE):
            rows = place[begin : begin + AT_ONCE]
            drawn[rows] = torch.from_numpy(self._walk.resampled(day[rows], generator))
        return drawn

    def _path(self, name: str) -> Path | None:
        return None if self._folder is None else self._folder / f"{name}.npy"


def opened(folder: Path) -> Examples:
    """Maps the examples that another process has written to the folder."""

    def at(name: str) -> torch.Tensor:
        return mapped(folder / f"{name}.npy")

    return Examples(
        Inputs(**{name: at(name) for name in (*OF_PAGES, *OF_VISITS)}),
        Targets(*map(at, TARGETS)),
        at(DRAWN),
        at(PERSON),
        [(surface, user) for surface, user in json.loads((folder / PEOPLE).read_text())],
        at(PLACE),
        folder,
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


def _microseconds(visit: RecordedVisit) -> int:
    """Returns the time of a visit in µs since 1970: visits of one second have an order, too."""
    part = datetime.fromisoformat(visit.at).microsecond if "." in visit.at else 0
    return visit.when * 1_000_000 + part
