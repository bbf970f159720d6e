"""A rehearsal: what the engine would have shown over a stored past, beside today's page.

Only held-back people are judged, on whom no version of the product was trained; visits of all
others count as history. Today's page is the surface's default order, which never moves. Two simple
rules are walked beside the engine: popularity (one order for everybody on a day, by the uses, on
the days before, of the people who are not held back) and frecency (each person's own uses, halved
every seven days). Seconds are modelled, not measured. Nothing is trained here, and nothing is
written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ml.audit.categories import compared
from ml.data.histories import RecordedVisit, visits_of
from ml.evaluation.held_back import HELD_BACK, split
from ml.evaluation.policies import policy
from ml.evaluation.shown import Policy
from ml.progress import Progress, within
from ml.rehearsal.figures import FIGURES, IN_SLICES, LEVEL, differences, estimates, slices
from ml.rehearsal.popular import popular
from ml.rehearsal.verdict import LEAST_SAVED, verdict
from ml.rehearsal.walk import person_sums, walked, within_rules
from ml.rehearsal.weeks import Week, weeks
from uiengine.model.version import CodebookVersion
from uiengine.model.version_folder import load_version
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface

MOST_PEOPLE = 1000
"""Held-back people who are judged, if no other number is asked for."""
ENGINE, POPULARITY, FRECENCY, TODAY = "engine", "popularity", "frecency", "today"
WALKS = ((ENGINE, 0.0, 0.7), (POPULARITY, 0.7, 0.1), (FRECENCY, 0.8, 0.1))
"""Policies, each with the begin and the width of its part of the progress."""


class NobodyHeldBackError(ValueError):
    """The past holds nobody who may be judged."""


@dataclass(frozen=True)
class Rehearsed:
    """figures: what is told of everybody, as JSON values; weeks: of three single people."""

    figures: dict[str, Any]
    weeks: list[Week]


def rehearse(
    visits: pd.DataFrame,
    people: Sequence[Mapping[str, str]],
    by: Sequence[str],
    *,
    surface: Surface,
    folder: Path,
    most_people: int = MOST_PEOPLE,
    least: float = LEAST_SAVED,
    seed: int = 0,
    progress: Progress = lambda share, text: None,
) -> Rehearsed:
    """Walks through the visits under each policy.

    visits: of all people on the surface. people: attributes, to compare slices by. folder: of the
    version that decides. most_people: of the held-back ones, chosen by a hash of their names.

    Raises:
        NobodyHeldBackError: none of the people is held back.
    """
    surface = replace(surface, mode="live")  # else it would rehearse a page that never adapts
    others, held = split(visits)
    users = _chosen(held, most_people)
    if not users:
        raise NobodyHeldBackError(
            f"{visits['user'].nunique()} people, none of whom is held back from training: "
            f"{HELD_BACK} % are, by a hash of their keys. More people are needed"
        )
    version, recorded = load_version(folder, threads=2), visits_of(visits)
    policies = _policies(version, visits_of(others), {v.day for v in recorded}, surface, seed)
    values: dict[str, pd.DataFrame] = {}
    for name, begin, width in WALKS:
        show = within(progress, begin, width)
        values[name] = walked(recorded, surface, policies[name], users, _saying(show, name))
    sums = {name: person_sums(rows) for name, rows in values.items()}
    progress(0.9, "intervals")
    attributes, names = compared(people, by)
    found = _figures(sums, attributes, names, least, seed)
    counts = _counts(visits, held, values[ENGINE], recorded, version.id)
    progress(0.95, "three people's weeks")
    return Rehearsed({**counts, **found}, weeks(values[ENGINE], recorded, surface, version))


def _chosen(held: pd.DataFrame, most: int) -> frozenset[str]:
    """At most so many of the people, always the same ones."""

    def place(user: str) -> bytes:
        return hashlib.sha256(f"rehearsed\n{user}".encode()).digest()

    return frozenset(sorted(map(str, held["user"].unique()), key=place)[:most])


def _policies(
    version: CodebookVersion,
    others: Sequence[RecordedVisit],
    days: Collection[int],
    surface: Surface,
    seed: int,
) -> dict[str, Policy]:
    today = {surface.slug: default_order(surface)}
    frecency = policy(FRECENCY, None, today, 64, seed)
    return {
        ENGINE: policy(ENGINE, version, today, 64, seed),
        POPULARITY: within_rules(popular(others, days, surface), surface),
        FRECENCY: within_rules(frecency, surface),
    }


def _saying(progress: Progress, name: str) -> Progress:
    return lambda share, at: progress(share, f"{name}, {at[:10]}")


def _figures(
    sums: Mapping[str, pd.DataFrame],
    attributes: Sequence[Mapping[str, str]],
    by: Sequence[str],
    least: float,
    seed: int,
) -> dict[str, Any]:
    engine = sums[ENGINE]
    still = engine.assign(policy_seconds=engine["default_seconds"])
    today = estimates(still, [f for f in FIGURES if f.name == "seconds"], seed)
    policies = {name: estimates(rows, FIGURES, seed) for name, rows in sums.items()}
    of_person = {str(person["user"]): person for person in attributes}
    others = {name: rows for name, rows in sums.items() if name != ENGINE}
    return {
        **verdict(policies[ENGINE]["saved"], len(engine), least),
        "level": LEVEL,
        "titles": {f.name: {"title": f.title, "unit": f.unit} for f in FIGURES},
        "policies": {**policies, TODAY: today},
        "more_than": differences(engine, others, seed),
        "slices": slices(engine, of_person, by, seed),
        "in_slices": [f.name for f in IN_SLICES],
    }


def _counts(
    visits: pd.DataFrame,
    held: pd.DataFrame,
    judged: pd.DataFrame,
    recorded: Sequence[RecordedVisit],
    version: str,
) -> dict[str, Any]:
    return {
        "version": version,
        "people_in_all": int(visits["user"].nunique()),
        "held_back": int(held["user"].nunique()),
        "held_back_percent": HELD_BACK,
        "people": int(judged["user"].nunique()),
        "visits": len(judged),
        "visits_in_all": len(recorded),
        "first": recorded[0].at,
        "last": recorded[-1].at,
    }
