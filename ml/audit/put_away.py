"""Suggestions to put a block away, by slice: who gets one, and who says no."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ml.evaluation.metrics import Metric

Answers = Mapping[str, tuple[int, int]]
"""By user: blocks that were suggested to them, and those of them that they refused."""
SUGGESTED = (
    Metric(
        "suggested_people",
        "People asked to put a block away",
        "share of people",
        "suggested_people",
        "people",
        None,
        "people to whom this version suggests to put a block away that they do not use any more",
    ),
)
DECLINED = (
    Metric(
        "suggestions_declined",
        "Suggestions refused",
        "share of suggestions seen",
        "declined",
        "answered",
        None,
        "of the suggestions that people saw so far, under any version, those they refused",
    ),
)


def with_people(values: pd.DataFrame, answers: Answers) -> pd.DataFrame:
    """Adds what is counted once a person, to the first of their visits on each surface."""
    person = values.groupby(["surface", "user"])
    first = (~values.duplicated(["surface", "user"])).astype(float)
    counts = values["user"].map(lambda user: answers.get(user, (0, 0)))
    return values.assign(
        people=first,
        suggested_people=first * person["suggested"].transform("max"),
        answered=first * counts.map(lambda pair: pair[0]),
        declined=first * counts.map(lambda pair: pair[1]),
    )
