"""A retrain from four starts: what it gains, and what it moves for people who did nothing new.

The champion learned from a course's first SHARE of days, and serves people until DAYS later. Each
candidate learns from those days too. Churn is counted for people as they are then; gain on what
held-back people do from then on. The innate version learned from other courses.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ml.data.histories import RecordedVisit, pages, popularity_by_day, visits_of
from ml.evaluation.churn import churn_each, churn_means, moved_by
from ml.evaluation.policies import policy
from ml.evaluation.replay import captured_gain, replay, static_orders
from ml.evaluation.served import chosen_users, popularity_before, requests_now
from ml.experiments.judging import Line
from ml.experiments.split import split_frame
from ml.learning.settings import Settings
from ml.progress import named_part
from ml.training.step import Limit
from ml.training.train import train_version
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile
from uiengine.model.version import CodebookVersion
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface
from uiengine.request import Request

SHARE, DAYS = 0.6, 28
MOST_PEOPLE = 400
"""People of a course whose churn is counted."""
FROZEN, NOTHING, INNATE = "the champion goes on", "from random weights", "from the innate version"
NUMBERED, ALIGNED = "from the innate version, renumbered", "from the champion, aligned"
NAMES = (FROZEN, NOTHING, INNATE, NUMBERED, ALIGNED)
Profiles = dict[tuple[str, str], Profile]
Show = Callable[[float, str], None]


@dataclass(frozen=True)
class Course:
    """A course up to day `until`, as its champion has served it.

    orders: the static order that gain is measured from. learned, late: rows to learn from, and all
    visits from `until` on. past: what happened before.
    """

    surface: Surface
    orders: Mapping[str, Sequence[str]]
    champion: CodebookVersion
    until: int
    learned: pd.DataFrame
    visits: Sequence[RecordedVisit]
    popularity: Mapping[tuple[str, int], Popularity]
    held_back: frozenset[str]
    profiles: Profiles = field(default_factory=dict)

    @classmethod
    def of(
        cls, visits: pd.DataFrame, innate: Path, work: Path, settings: Settings | None
    ) -> Course:
        """visits: of one course. work: folder for the champion."""
        train, test = split_frame(visits)
        first, last = visits["day"].min(), visits["day"].max()
        since = int(first + SHARE * (last - first))
        until, held_back = since + DAYS, frozenset(test["user"])
        early = train[train["day"] < since]
        train_version(early, work, innate=innate, settings=settings)
        champion = load_version(work, threads=2)
        (surface,) = pages([visits]).values()
        orders = static_orders({surface.slug: surface}, champion.default_orders)
        every = visits_of(visits)
        before = [v for v in every if v.day < until]
        learned = train[train["day"] < until]
        known = popularity_by_day(every)
        course = cls(surface, orders, champion, until, learned, every, known, held_back)
        served = held_back | frozenset(chosen_users({v.user for v in before}, MOST_PEOPLE))
        for _ in course.shown(before, champion, "engine", served, course.profiles):
            pass
        return course

    def shown(
        self,
        visits: Sequence[RecordedVisit],
        version: CodebookVersion,
        name: str,
        users: frozenset[str],
        profiles: Profiles,
    ) -> Iterator[Line]:
        """Serves the users' visits, which are added to their profiles."""
        decide = policy(name, version, self.orders, 64, 0)
        pages = {self.surface.slug: self.surface}
        yield from replay(
            visits,
            pages,
            self.orders,
            decide,
            only=users,
            popularity=self.popularity,
            profiles=profiles,
        )


def retrains(
    visits: pd.DataFrame,
    elsewhere: pd.DataFrame,
    settings: Settings | None,
    seed: int,
    work: Path,
    show: Show,
    names: Sequence[str] = NAMES,
) -> Iterator[Line]:
    """Yields a line per start and course. settings: None means the product's.

    visits: the courses that retrain; elsewhere: of others, which the innate version learns from.
    """
    slugs = sorted(visits["surface"].unique())
    innate = work / "innate"
    made = named_part(show, 0, len(slugs) + 1, "innate")
    train_version(elsewhere, innate, seed=seed, settings=settings, is_innate=True, progress=made)
    for number, slug in enumerate(slugs):
        here, folder = visits[visits["surface"] == slug], work / str(slug)
        course = Course.of(here, innate, folder / "champion", settings)
        for done, name in enumerate(names):
            show((number + 1 + done / len(names)) / (len(slugs) + 1), f"{slug}, {name}")
            begun = time.perf_counter()
            folders = {"innate": innate, "champion": folder / "champion"}
            candidate = _candidate(name, course, folders, folder / "candidate", settings, seed)
            seconds = round(time.perf_counter() - begun, 1) if name != FROZEN else None
            yield {"part": name, "surface": slug, **_judged(course, candidate), "seconds": seconds}


def _candidate(
    name: str,
    course: Course,
    folders: dict[str, Path],
    out: Path,
    settings: Settings | None,
    seed: int,
) -> CodebookVersion:
    if name == FROZEN:
        return course.champion
    train_version(
        course.learned,
        out,
        innate=folders["innate"] if name in (INNATE, NUMBERED) else None,
        champion=folders["champion"] if name in (NUMBERED, ALIGNED) else None,
        seed=seed,
        settings=settings,
        limit=Limit(moved_by(_people(course), course.champion)) if name == ALIGNED else None,
    )
    return load_version(out, threads=2)


def _people(course: Course) -> list[Request]:
    """Everybody's page as it would be decided when the candidates are there."""
    known = popularity_before(course.visits, course.surface.slug, course.until)
    now = requests_now(course.profiles, known, course.surface, course.until, MOST_PEOPLE)
    return list(now.values())


def _judged(course: Course, candidate: CodebookVersion) -> Line:
    each = churn_each(_people(course), course.champion, candidate)
    found: Line = {**churn_means(each), "codes": candidate.codebook.codes_in_use[0]}
    late = [v for v in course.visits if v.day >= course.until and v.user in course.held_back]
    for name in ("engine", "eager"):
        profiles = copy.deepcopy(course.profiles)
        lines = list(course.shown(late, candidate, name, course.held_back, profiles))
        found[name] = captured_gain(lines, late)[course.surface.slug]["all"]
    return {**found, "visits": len(late)}
