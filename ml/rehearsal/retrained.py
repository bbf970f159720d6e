"""A stored past under a version that is made anew every so many days, as the product does it.

In: visits, a version folder. Out: replay lines as of `ml.evaluation.replay`, and what each retrain
moved for people who did nothing new. Each page has its own version. It learns from what had passed
by then of the people who are not held back, and goes on from the champion: aligned, and as far as
version churn allows, where that was trained for the page. It serves from then on, whatever a gate
would have said.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from ml.data.histories import RecordedVisit, popularity_by_day, visits_of
from ml.evaluation.churn import churn_each, churn_means, moved_by
from ml.evaluation.held_back import split
from ml.evaluation.policies import policy
from ml.evaluation.replay import replay
from ml.evaluation.served import popularity_before, requests_now
from ml.evaluation.shown import Orders, Policy, Shown
from ml.learning.settings import Settings
from ml.progress import Progress, named_part, within
from ml.training.start import TooLittleDataError
from ml.training.step import Limit
from ml.training.train import train_version
from uiengine.behaviour.profile import Profile
from uiengine.model.version import CodebookVersion
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface
from uiengine.request import Request

MOST_PEOPLE = 2000
"""People of a page whose churn is counted, by a hash, as in the product."""
Line = dict[str, Any]
Profiles = dict[tuple[str, str], Profile]


@dataclass
class Champion:
    """The version that serves a page, and how it decides."""

    folder: Path
    version: CodebookVersion
    decide: Policy


@dataclass
class Retrains:
    """The versions of all pages over time.

    folder: the version that serves first. work: an empty folder for the others. earlier: rows that
    are stored beside the replayed ones, and learned from. made: a line per retrain. settings: of
    trainings; None means the product's.
    """

    folder: Path
    surfaces: Mapping[str, Surface]
    defaults: Orders
    work: Path
    earlier: pd.DataFrame | None = None
    name: str = "engine"
    bits: int = 64
    seed: int = 0
    settings: Settings | None = None
    made: list[Line] = field(default_factory=list)
    _champions: dict[str, Champion] = field(init=False)

    def __post_init__(self) -> None:
        first = self._champion(self.folder)
        self._champions = dict.fromkeys(self.surfaces, first)

    def replay(
        self,
        rows: pd.DataFrame,
        every: int,
        progress: Progress = lambda share, text: None,
        is_declared: bool = False,
    ) -> Iterator[Line]:
        """Yields the lines of all visits in time order; every so many days versions are made."""
        visits = visits_of(rows)
        popularity = popularity_by_day(visits)
        profiles: Profiles = {}
        starts = range(visits[0].day, visits[-1].day + 1, every)
        for number, day in enumerate(starts):
            show = within(progress, number / len(starts), 1 / len(starts))
            if number:
                before = rows[rows["day"] < day]
                self._retrain(before, visits, profiles, day, within(show, 0.0, 0.5))
            yield from replay(
                [v for v in visits if day <= v.day < day + every],
                self.surfaces,
                self.defaults,
                self.decide,
                within(show, 0.5, 0.5),
                is_declared=is_declared,
                popularity=popularity,
                profiles=profiles,
            )

    def decide(self, requests: Sequence[Request]) -> list[Shown]:
        """Decides each request by its page's version."""
        found: dict[int, Shown] = {}
        for slug in {request.surface.slug for request in requests}:
            mine = [i for i, request in enumerate(requests) if request.surface.slug == slug]
            shown = self._champions[slug].decide([requests[i] for i in mine])
            found |= zip(mine, shown, strict=True)
        return [found[i] for i in range(len(requests))]

    def _retrain(
        self,
        rows: pd.DataFrame,
        visits: Sequence[RecordedVisit],
        profiles: Profiles,
        day: int,
        progress: Progress,
    ) -> None:
        """Makes every page's version anew from `rows`, which are before `day`, and earlier ones."""
        stored = rows if self.earlier is None else pd.concat([self.earlier, rows])
        for number, slug in enumerate(sorted(self.surfaces)):
            show = named_part(progress, number, len(self.surfaces), f"retrain {slug}")
            line: Line = {"surface": slug, "at": _date(day)}
            known = popularity_before(visits, slug, day)
            requests = requests_now(profiles, known, self.surfaces[slug], day, MOST_PEOPLE)
            people = list(requests.values())
            begun = time.perf_counter()
            try:
                made = self._made_anew(stored[stored["surface"] == slug], slug, day, people, show)
            except TooLittleDataError as error:
                self.made.append({**line, "refused": str(error)})
                continue
            line["seconds"] = round(time.perf_counter() - begun, 1)
            before, self._champions[slug] = self._champions[slug], made
            each = churn_each(people, before.version, made.version)
            self.made.append({**line, **churn_means(each)})

    def _made_anew(
        self,
        rows: pd.DataFrame,
        slug: str,
        day: int,
        people: Sequence[Request],
        progress: Progress,
    ) -> Champion:
        champion = self._champions[slug]
        out = self.work / f"{slug}-{day}"
        is_trained = slug in champion.version.surfaces
        train_version(
            split(rows)[0],
            out,
            surfaces={slug: self.surfaces[slug]},
            innate=None if is_trained else champion.folder,
            champion=champion.folder if is_trained else None,
            seed=self.seed,
            settings=self.settings,
            progress=progress,
            limit=Limit(moved_by(people, champion.version)),
        )
        return self._champion(out)

    def _champion(self, folder: Path) -> Champion:
        version = load_version(folder, threads=2)
        decide = policy(self.name, version, self.defaults, self.bits, self.seed)
        return Champion(folder, version, decide)


def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()
