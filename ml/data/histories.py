"""Orders visits in time and tracks profiles and popularity as they were before each visit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from uiengine.behaviour.popularity import (
    NEWCOMER_VISITS,
    Popularity,
    first_in_period,
    fold_day,
)
from uiengine.behaviour.profile import Profile, Sizes, fold_visit
from uiengine.page.surface import Block, Breakpoint, GuardrailSettings, Size, SizeLimits, Surface

PAGE_COLUMNS = 12
"""Grid columns of the page that files are replayed on; each block fills a whole row."""


@dataclass(frozen=True, slots=True)
class RecordedVisit:
    """One visit: the rows with equal (surface, user, at).

    when: seconds since 1970, UTC. day: whole days since 1970. blocks: the used blocks, sorted.
    number: 0-based, per user and surface.
    """

    surface: str
    user: str
    at: str
    when: int
    day: int
    blocks: tuple[str, ...]
    number: int


def visits_of(frame: pd.DataFrame) -> list[RecordedVisit]:
    """Groups checked rows (see `tables.read_visits`) into visits, by (when, surface, user)."""
    rows = frame.sort_values(["when", "surface", "user", "block"], kind="stable")
    keys = [rows[c].to_numpy() for c in ("when", "surface", "user")]
    starts = np.ones(len(rows), dtype=bool)
    if len(rows):
        starts[1:] = np.any([k[1:] != k[:-1] for k in keys], axis=0)
    first = np.flatnonzero(starts)
    head = rows.iloc[first]
    number = head.groupby(["surface", "user"]).cumcount()
    when = head["when"].to_numpy().astype("datetime64[s]").astype(np.int64)
    blocks, ends = rows["block"].tolist(), [*first.tolist(), len(rows)][1:]
    of_head = [head[name].tolist() for name in ("surface", "user", "at", "day")]
    columns = zip(*of_head, when.tolist(), first.tolist(), ends, number.tolist(), strict=True)
    return [
        RecordedVisit(s, u, at, w, day, tuple(blocks[begin:end]), n)
        for s, u, at, day, w, begin, end, n in columns
    ]


def of_different_people(
    visits: Iterable[RecordedVisit], most: int
) -> Iterator[list[RecordedVisit]]:
    """Groups at most so many visits in turn, no two of one person on one surface.

    None of a group follows from another of it, so all can be decided before any is learned from.
    """
    group, who = list[RecordedVisit](), set[tuple[str, str]]()
    for visit in visits:
        if len(group) == most or (visit.surface, visit.user) in who:
            yield group
            group, who = [], set()
        group.append(visit)
        who.add((visit.surface, visit.user))
    if group:
        yield group


@dataclass
class _Day:
    """Counts of one surface on one day, as `popularity.fold_day` takes them."""

    shares: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    newcomers: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    visits: int = 0
    people: int = 0


@dataclass
class PopularityDays:
    """The popularity of all surfaces, as visits are counted in time order."""

    _rows: dict[str, Popularity] = field(default_factory=dict)
    _open: dict[str, dict[int, _Day]] = field(default_factory=dict)

    def before(self, surface: str, day: int) -> Popularity:
        """Returns the popularity over all days before `day`. Call in time order."""
        days = self._open.get(surface, {})
        row = self._rows.get(surface, Popularity())
        for closed in sorted(d for d in days if d < day):
            counted = days.pop(closed)
            row = fold_day(
                row, closed, counted.shares, counted.visits, counted.newcomers, counted.people
            )
        self._rows[surface] = row
        return row

    def count(self, visit: RecordedVisit, last_day: int | None) -> None:
        """last_day: of the person's last visit to the surface before, None without one."""
        day = self._open.setdefault(visit.surface, {}).setdefault(visit.day, _Day())
        day.visits += 1
        day.people += first_in_period(visit.day, last_day)
        for block in visit.blocks:
            day.shares[block] += 1 / len(visit.blocks)
            if visit.number < NEWCOMER_VISITS:
                day.newcomers[block] += 1 / len(visit.blocks)


def popularity_by_day(visits: Sequence[RecordedVisit]) -> dict[tuple[str, int], Popularity]:
    """Returns what each surface's popularity was before each day that it was visited on.

    It is all that a person's walk needs of other people. visits: of everybody, in time order.
    """
    counted, last = PopularityDays(), dict[tuple[str, str], int]()
    found: dict[tuple[str, int], Popularity] = {}
    for visit in visits:
        if (visit.surface, visit.day) not in found:
            found[visit.surface, visit.day] = counted.before(visit.surface, visit.day)
        who = (visit.surface, visit.user)
        counted.count(visit, last.get(who))
        last[who] = visit.day
    return found


@dataclass
class Histories:
    """Profiles of all users and the popularity of all surfaces, as visits are observed."""

    profiles: dict[tuple[str, str], Profile] = field(default_factory=dict)
    _popularity: PopularityDays = field(default_factory=PopularityDays)

    def profile(self, visit: RecordedVisit) -> Profile:
        """Returns the visitor's profile, or a new empty one before the first observed visit."""
        return self.profiles.get((visit.surface, visit.user)) or Profile()

    def popularity(self, surface: str, day: int) -> Popularity:
        """Returns the popularity over all days before `day`. Call in time order."""
        return self._popularity.before(surface, day)

    def observe(
        self, visit: RecordedVisit, order: Sequence[str] = (), sizes: Sizes | None = None
    ) -> None:
        """Adds a visit to the history; order, sizes: the layout that it was shown."""
        profile = self.profiles.setdefault((visit.surface, visit.user), Profile())
        self._popularity.count(visit, profile.last_day if profile.visits else None)
        fold_visit(profile, visit.day, visit.blocks, order, sizes)


def page(slug: str, blocks: Sequence[str]) -> Surface:
    """Returns the page that files are judged on: one column of rows of 120 px, without a fold.

    Blocks are declared in alphabetical order, their kind is their name, and all of them may move.
    """
    line = Size(PAGE_COLUMNS, 1)
    limits = SizeLimits(line, line, line)
    names = sorted(blocks)
    tall = 120 * (len(names) + 1)
    at = Breakpoint("page", 1200, PAGE_COLUMNS, tall)
    return Surface(
        slug,
        tuple(Block(name, name, name, {"page": limits}) for name in names),
        (at,),
        row_height=120,
        guardrails=GuardrailSettings(),
    )


def pages(frames: Sequence[pd.DataFrame]) -> dict[str, Surface]:
    """Returns a page per surface with every block that occurs on it in any of the frames."""
    rows = pd.concat([f[["surface", "block"]] for f in frames]).drop_duplicates()
    return {str(s): page(str(s), list(group["block"])) for s, group in rows.groupby("surface")}
