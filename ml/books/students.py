"""Students: what a book's readers need of a version's networks, learned from the version itself.

A student reads people it is shown as the version does, of a sample of those learned from: each at
their visits, on the page's day and on one drawn from the others, so that it knows days unlike those
in their course too. It is kept where it reads people whom it did not see more like the version than
the rule does that needs no version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.books.served_orders import sample_of
from ml.data.histories import RecordedVisit, visits_of
from ml.data.sums import Sums
from ml.progress import Progress
from ml.versions.folder import add_file
from uiengine import features
from uiengine.behaviour.popularity import Popularity, advance
from uiengine.behaviour.profile import Profile, copy, fold_visit
from uiengine.book.device import day_features, person, public_of, rule, used_lately
from uiengine.explain import LEAST_PEOPLE
from uiengine.model.student import FILE, PERSON, Floats, Net, Student, to_json
from uiengine.model.version import CodebookVersion
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface
from uiengine.request import Request
from uiengine.search.assignment import outlook

HIDDEN, OF_DAY = 16, 48
"""Hidden units in the browser, and of the day."""
EPOCHS, BATCH, RATE = 30, 512, 8e-3
MOST_VISITS = 20_000
"""Visits per surface that a student is learned from, of whole people."""
LEAST_STATES = 500
"""States of a page that a student is learned from, at least; with fewer, pages keep the rule."""
LEAST_LEARNED, MOST_OF_ONE = LEAST_PEOPLE + 1, 0.2
"""People that a student is learned from, at least, and the largest share of states that one of them
may have: it is published, and nobody is to be read in it."""
JUDGED = 5
"""Every so many people are judged on instead of learned from."""
PART = 256
"""States that the version reads together."""


@dataclass(frozen=True)
class States:
    """S states of people on a page, each on a day of D.

    users: (S,); x: see `device.person`, (S, N, X); day: which, (S,); read: the version's shares of
    the next visit and of later ones, (S, N, 2). popularity: (D, N, 16), evidence: (D,), and rule,
    (D, 3, N), of the days: see `device.day_features` and `device.used_lately`.
    """

    users: list[str]
    x: Floats
    day: np.ndarray
    read: Floats
    popularity: Floats
    evidence: Floats
    lately: Floats


def learn_students(
    folder: Path,
    visits: pd.DataFrame,
    surfaces: Mapping[str, Surface],
    progress: Progress = lambda share, text: None,
    everyone: Sums | None = None,
    seed: int = 0,
) -> str:
    """Adds a student per surface to a version folder; returns the id that the version has then.

    everyone: what all people did, where the visits are of a sample; None: what these did.
    """
    version, recorded = load_version(folder), visits_of(visits)
    popular = (everyone or Sums.of(recorded)).popularity()
    students: dict[str, Student] = {}
    slugs = sorted(set(version.surfaces) & surfaces.keys())
    for number, slug in enumerate(slugs):
        progress(number / len(slugs), f"student of {slug}")
        there = [visit for visit in recorded if visit.surface == slug]
        chosen = sample_of(there, MOST_VISITS)
        here = [visit for visit in there if visit.user in chosen]
        days = dict.fromkeys(visit.day for visit in here)
        known = {day: advance(popular[slug].before(day), day) for day in days}
        states = states_of(version, surfaces[slug], here, known, seed)
        found = learned(surfaces[slug], states, seed)
        if found is not None:
            students[slug] = found
    return add_file(folder, FILE, to_json(students))


def states_of(
    version: CodebookVersion,
    surface: Surface,
    visits: Sequence[RecordedVisit],
    popular: Mapping[int, Popularity],
    seed: int,
) -> States:
    """The states before each visit, twice: on the day, and on a drawn one.

    visits: in time order; popular: what is known on each day.
    """
    users, of_day = list[str](), list[int]()
    x, read = list[Floats](), list[Floats]()
    walked = _walked(surface, visits, popular, seed)
    while part := list(islice(walked, PART)):
        names, days, requests = zip(*part, strict=True)
        users += names
        of_day += days
        x += [person(r.profile, surface, r.day) for r in requests]
        read += _read(version, requests)
    shares, ids = version.priors.get(surface.slug), tuple(surface.index)
    public = {day: public_of(known, day) for day, known in popular.items()}
    told = [day_features(features.gather_page(p, ids, day, shares)) for day, p in public.items()]
    even = np.full(len(ids), 1 / len(ids))
    return States(
        users,
        np.array(x),
        np.array(of_day, dtype=np.int64),
        np.array(read),
        np.array([popularity for popularity, _ in told]),
        np.array([evidence for _, evidence in told]),
        np.array([used_lately(surface, p, even) for p in public.values()]),
    )


def _walked(
    surface: Surface,
    visits: Sequence[RecordedVisit],
    popular: Mapping[int, Popularity],
    seed: int,
) -> Iterator[tuple[str, int, Request]]:
    """Each person before each visit, and the place in `popular` of the day they are put on."""
    drawn, days = np.random.default_rng(seed), list(popular)
    place = {day: i for i, day in enumerate(days)}
    profiles: dict[str, Profile] = {}
    for visit in visits:
        profile = profiles.setdefault(visit.user, Profile())
        now = copy(profile)
        for at in (place[visit.day], int(drawn.integers(len(days)))):
            seen = replace(popular[days[at]], day=visit.day)
            yield visit.user, at, Request(surface, now, seen, visit.day)
        fold_visit(profile, visit.day, visit.blocks)


def _read(version: CodebookVersion, requests: Sequence[Request]) -> list[Floats]:
    """As the server's byte takes the version's reading, (N, 2) each."""
    pairs = zip(requests, version.read(requests), strict=True)
    return [np.stack([outlook(r, p).demand, p.outlook], axis=1) for r, p in pairs]


def learned(surface: Surface, states: States, seed: int) -> Student | None:
    """The student, or None where there are too few states or the rule reads people better."""
    people = {user: i for i, user in enumerate(dict.fromkeys(states.users))}
    is_judged = np.array([people[user] % JUDGED == 0 for user in states.users], dtype=bool)
    states_of_each = np.bincount([people[user] for user in states.users])
    learned_from = states_of_each[np.arange(len(people)) % JUDGED != 0]
    is_small = len(learned_from) < LEAST_LEARNED or learned_from.sum() < LEAST_STATES
    if is_small or learned_from.max() > MOST_OF_ONE * learned_from.sum():
        return None
    student = _student(surface, fit(states, np.flatnonzero(~is_judged), seed))
    ids = tuple(surface.index)
    days = zip(states.popularity, states.evidence, states.lately, strict=True)
    pairs = [(student.of_day(ids, p, float(e)), rule(lately)) for p, e, lately in days]
    judged = np.flatnonzero(is_judged)
    ours, plain = (surprise([pair[k] for pair in pairs], states, judged) for k in (0, 1))
    return student if ours < plain else None


def surprise(nets: Sequence[Net], states: States, rows: np.ndarray) -> float:
    """Mean cross entropy of what the version reads, under nets per day; in nats."""
    total = 0.0
    for row in rows.tolist():
        logits = nets[states.day[row]].logits(states.x[row])
        most = logits.max(axis=0)
        logs = logits - most - np.log(np.exp(logits - most).sum(axis=0))
        total -= float((states.read[row] * logs).sum())
    return total / max(2 * len(rows), 1)


class _Networks(nn.Module):
    """A student in torch; see `Student`."""

    def __init__(self, blocks: int, day: int) -> None:
        super().__init__()
        self.own = nn.Parameter(torch.randn(blocks, OF_DAY) * 0.5)
        self.day = nn.Linear(day, OF_DAY, bias=False)
        self.added = nn.Linear(OF_DAY, 2 * HIDDEN + 2, bias=False)
        self.first = nn.Linear(PERSON, HIDDEN, bias=False)
        self.second = nn.Linear(HIDDEN, HIDDEN, bias=False)
        self.out = nn.Linear(HIDDEN, 2, bias=False)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """x: (B, N, X); seen: (B, N, day). Returns logits, (B, N, 2)."""
        added = self.added(functional.relu(self.day(seen) + self.own))
        one, two, three = added.split([HIDDEN, HIDDEN, 2], -1)
        hidden = functional.relu(self.first(x) + one)
        hidden = functional.relu(self.second(hidden) + two)
        found: Tensor = self.out(hidden) + three
        return found


def fit(states: States, rows: np.ndarray, seed: int) -> _Networks:
    """Learns from these states by the cross entropy of both readings."""
    blocks = states.x.shape[1]
    mean = np.concatenate([states.popularity.mean(axis=1), states.evidence[:, None]], axis=1)
    spread = np.repeat(mean[:, None], blocks, axis=1)
    seen = torch.from_numpy(np.concatenate([states.popularity, spread], axis=2)).float()
    x = torch.from_numpy(states.x[rows]).float()
    read, day = torch.from_numpy(states.read[rows]).float(), torch.from_numpy(states.day[rows])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        networks = _Networks(blocks, seen.shape[2])
        optimiser = torch.optim.AdamW(networks.parameters(), RATE, weight_decay=1e-4)
        steps = EPOCHS * -(-len(rows) // BATCH)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps, pct_start=0.2)
        for _ in range(EPOCHS):
            for some in torch.randperm(len(rows)).split(BATCH):
                logits = networks(x[some], seen[day[some]])
                loss = -(read[some] * functional.log_softmax(logits, 1)).sum(1).mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                rate.step()
    return networks


def _student(surface: Surface, networks: _Networks) -> Student:
    names = ("day", "added", "first", "second", "out")
    arrays = {name: getattr(networks, name).weight for name in names}
    arrays["own"] = networks.own
    plain = {name: a.detach().numpy().astype(np.float64) for name, a in arrays.items()}
    return Student(tuple(surface.index), **plain)
