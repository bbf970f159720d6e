"""Version churn per slice: how much of a page a change of versions moves, for whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ml.audit.categories import NO_ATTRIBUTE, categorised
from ml.audit.slices import attach_attributes, groupings
from ml.evaluation.churn import PersonChurn
from ml.evaluation.statistics import LEAST_SHOWN, MIN_USERS

LEAST_ALIKE = 0.9
"""Share of people whose first token's number must mean the same, for `kept` to be said."""


def churn_summary(
    surface: str,
    each: Mapping[str, PersonChurn],
    people: Sequence[Mapping[str, str]],
    by: Sequence[str],
    alike: Collection[int],
) -> dict[str, Any]:
    """Returns means in blocks a person, of all and by slice; None under LEAST_SHOWN people.

    Args:
        each: what changes, per user.
        people: their attributes, as an audit takes them; by: those to slice by.
        alike: first tokens whose number means the same in both versions.
    """
    columns = {
        name: [getattr(one, name) for one in each.values()]
        for name in ("moved", "elsewhere", "resized")
    }
    table = pd.DataFrame({"user": list(each), "surface": surface, **columns})
    return {
        "people": len(table),
        **_means(table),
        "people_moved": _share(table["moved"] > 0),
        "first_token": _first_token(each, alike),
        "slices": list(_slices(table, people, by)) if len(table) else [],
    }


def _means(some: pd.DataFrame) -> dict[str, float | None]:
    return {name: _share(some[name]) for name in ("moved", "elsewhere", "resized")}


def _share(values: pd.Series) -> float | None:
    return float(values.mean()) if len(values) >= LEAST_SHOWN else None


def _first_token(each: Mapping[str, PersonChurn], alike: Collection[int]) -> dict[str, Any]:
    """Of people who have tokens under both versions: how many keep the number of the first one.

    kept is None where that number means something else for too many, or there are too few people.
    """
    pairs = [one.first for one in each.values() if len(one.first) == 2]
    if len(pairs) < LEAST_SHOWN:
        return {"people": len(pairs), "numbers_alike": None, "kept": None}
    same = float(np.mean([old in alike for old, _ in pairs]))
    kept = float(np.mean([old == new for old, new in pairs])) if same >= LEAST_ALIKE else None
    return {"people": len(pairs), "numbers_alike": same, "kept": kept}


def _slices(
    table: pd.DataFrame, people: Sequence[Mapping[str, str]], by: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """A row per slice with people; small ones are listed, and judged by nobody."""
    names = list(by) or [NO_ATTRIBUTE]
    known = pd.DataFrame([dict(p) for p in people], columns=["user", "surface", *names])
    users = attach_attributes(table, known.fillna("").astype(str), names)
    users, _, left_out = categorised(users, names, is_chosen=False)
    gone = {one["attribute"] for one in left_out}
    for grouping in groupings(users, [name for name in names if name not in gone]):
        for number, slice_ in enumerate(grouping.slices):
            some = grouping.rows[grouping.cells == number]
            rest = len(grouping.rows) - len(some)
            if NO_ATTRIBUTE in slice_ or some.empty:
                continue
            # With few people outside, their figures would follow from the whole's.
            shown = _means(some if not 0 < rest < LEAST_SHOWN else some[:0])
            judged = len(some) >= MIN_USERS and shown["moved"] is not None
            yield {"slice": slice_, "users": len(some), **shown, "is_judged": judged}
