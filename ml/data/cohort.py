"""A small cohort of invented people on a course's home page, as `fixtures/` holds it.

Its figures follow aggregates of two real courses (OULAD AAA and BBB, CC BY 4.0: Kuzilek, Hlosta,
Zdrahal 2017): blocks used per visit, visits per student, days between visits, popularity by kind,
how much more likely a block is that was used the visit before, raw uses, shares of each group.
Names and habits are invented. The rows depend on the arguments only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

SURFACE = "course-home"
START = "2026-01-05"
TERM_DAYS = 133
EXAM_DAY = 126
EXAM_WEEKS = 3

BLOCKS_PER_VISIT = (0.50, 0.21, 0.17, 0.09, 0.025, 0.005)
"""Shares of visits that use 1, 2, … blocks."""
MEDIAN_VISITS, VISITS_SPREAD, MOST_VISITS = 24.0, 0.75, 80
"""Lognormal visits per person; real medians are 31 to 68, but smaller files suffice here."""
SAME_DAY_GAP, MEAN_GAP = 0.45, 3.6
"""Probability that the next visit is a day later, else the mean of geometric days."""
POPULARITY = {
    "forum": 0.68,
    "content": 0.40,
    "pages": 0.43,
    "resources": 0.18,
    "links": 0.22,
    "quiz": 0.15,
    "assignments": 0.10,
    "announcements": 0.06,
    "glossary": 0.012,
    "live": 0.012,
}
"""Shares of visits that use a block; assignments and announcements have no real counterpart."""
STICKINESS = 2.2
"""Odds ratio of a block that was used in the previous visit."""
USES = {"forum": 8.0, "content": 7.0, "quiz": 10.0, "pages": 2.0, "resources": 2.0}
"""Median raw uses in a visit; 1 elsewhere. Lognormal with spread 0.9."""
GROUPS: dict[str, dict[str, float]] = {
    "gender": {"M": 0.59, "F": 0.41},
    "age_band": {"0-35": 0.71, "35-55": 0.28, "55<=": 0.01},
    "disability": {"N": 0.90, "Y": 0.10},
}


@dataclass(frozen=True)
class Habit:
    """Factors on the odds of blocks, always and in the three weeks before the exam."""

    name: str
    likes: Mapping[str, float] = field(default_factory=dict)
    before_exam: Mapping[str, float] = field(default_factory=dict)
    visits: int = 0
    """Number of visits; 0 draws it."""


NEW, NO_FAVOURITE = "new student", "a bit of everything"
LIKED = 5.0
"""Factor from which a habit is about a block."""
MOST = 0.6
"""Share of visits from which a block makes a habit."""
HABITS = (
    Habit("forum reader", {"forum": 9.0}),
    Habit("quiz person before the exam", {"forum": 0.6}, {"quiz": 40.0}),
    Habit("reads week by week", {"content": 8.0, "forum": 0.4}),
    Habit("downloads everything", {"resources": 12.0, "forum": 0.4}),
    Habit("lives in the live room", {"live": 150.0, "forum": 0.4}),
    Habit("follows links", {"links": 12.0, "forum": 0.4}),
    Habit("checks assignments", {"assignments": 20.0, "forum": 0.5}),
    Habit("looks words up", {"glossary": 120.0, "content": 3.0, "forum": 0.4}),
    Habit(NO_FAVOURITE),
    Habit(NEW, visits=1),
)
NAMES = (
    "Amina",
    "Bruno",
    "Chloe",
    "Dmitri",
    "Esra",
    "Farah",
    "Goran",
    "Hana",
    "Ivo",
    "Noor",
    "Jun",
    "Kwame",
    "Leila",
    "Mateo",
    "Nia",
    "Oskar",
    "Priya",
    "Quentin",
    "Rosa",
    "Sven",
    "Tala",
    "Umar",
    "Vera",
    "Wei",
    "Ximena",
    "Yusuf",
    "Zofia",
    "Aiko",
    "Bilal",
    "Carmen",
    "Daan",
    "Ewa",
    "Felix",
    "Grace",
    "Hugo",
    "Ines",
)


def cohort(people: int = len(NAMES), seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns frames of visits and people (see `ml.data.tables`) on the surface `course-home`."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    persons: list[dict[str, str]] = []
    for number in range(people):
        habit = HABITS[number % len(HABITS)]
        attributes, made = _attributes(rng), _visits(habit, rng)
        user = f"{_name(number)} – {_shown(made)}"
        persons.append({"user": user, "surface": SURFACE, **attributes})
        rows += [{"surface": SURFACE, "user": user, **row} for row in made]
    visits = pd.DataFrame(rows).sort_values(["at", "user", "block"], ignore_index=True)
    return visits, pd.DataFrame(persons)


def _name(number: int) -> str:
    again = number // len(NAMES)
    return NAMES[number % len(NAMES)] + (f" {again + 1}" if again else "")


def _shown(rows: list[dict[str, Any]]) -> str:
    """Returns the habit that a person's rows show, so that a name says nothing that is not there.

    Before the exam it is about the block used in most visits of those weeks, else about the block
    used in at least MOST of all visits.
    """
    days = {row["at"] for row in rows}
    if len(days) == 1:
        return NEW
    exam = str(np.datetime64(START) + np.timedelta64(EXAM_DAY - EXAM_WEEKS * 7, "D"))
    late = Counter(row["block"] for row in rows if row["at"] >= exam).most_common(1)[0][0]
    if soon := [habit.name for habit in HABITS if late in habit.before_exam]:
        return soon[0]
    counts = Counter(row["block"] for row in rows)
    names = {
        block: habit.name for habit in HABITS for block in habit.likes if habit.likes[block] > LIKED
    }
    block = max(names, key=lambda block: counts[block])
    return names[block] if counts[block] >= MOST * len(days) else NO_FAVOURITE


def _attributes(rng: np.random.Generator) -> dict[str, str]:
    return {
        name: str(rng.choice(list(shares), p=list(shares.values())))
        for name, shares in GROUPS.items()
    }


def _visits(habit: Habit, rng: np.random.Generator) -> list[dict[str, Any]]:
    blocks = list(POPULARITY)
    rate = np.array(list(POPULARITY.values()))
    taste = np.exp(rng.normal(0.0, 0.5, len(blocks))) * _factors(habit.likes)
    last = np.zeros(len(blocks), dtype=bool)
    rows = []
    for day in _days(habit, rng):
        odds = rate / (1 - rate) * taste * np.where(last, STICKINESS, 1.0)
        if day >= EXAM_DAY - EXAM_WEEKS * 7:
            odds = odds * _factors(habit.before_exam)
        count = 1 + int(rng.choice(len(BLOCKS_PER_VISIT), p=BLOCKS_PER_VISIT))
        chosen = rng.choice(len(blocks), size=count, replace=False, p=odds / odds.sum())
        last = np.isin(np.arange(len(blocks)), chosen)
        at = str(np.datetime64(START) + np.timedelta64(int(day), "D"))
        for i in sorted(chosen):
            uses = max(1, round(USES.get(blocks[i], 1.0) * float(np.exp(rng.normal(0.0, 0.9)))))
            rows.append({"at": at, "block": blocks[i], "uses": uses})
    return rows


def _factors(likes: Mapping[str, float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([likes.get(block, 1.0) for block in POPULARITY])


def _days(habit: Habit, rng: np.random.Generator) -> list[int]:
    """Draws visit days since the start of term, the last within four days of its end."""
    drawn = round(float(np.exp(rng.normal(np.log(MEDIAN_VISITS), VISITS_SPREAD))))
    wanted = habit.visits or min(max(drawn, 3), MOST_VISITS)
    gaps = [
        1 if rng.random() < SAME_DAY_GAP else 1 + int(rng.geometric(1 / MEAN_GAP))
        for _ in range(wanted)
    ]
    last = TERM_DAYS - 1 - int(rng.integers(0, 4))
    days = [last - sum(gaps[:i]) for i in range(wanted)]
    return sorted(day for day in days if day >= 0)
