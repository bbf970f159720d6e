"""Compares a version with the champion and the anchor on identical visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from ml.data.errors import BadValue, DataError
from ml.evaluation.metrics import GATED, Metric

_KEY = ["surface", "user", "instant"]


def since_metrics(reference: str) -> tuple[Metric, ...]:
    """Derives the gated metrics as differences to `reference`, under new names."""
    return tuple(
        replace(
            metric,
            name=f"{metric.name}_since_{reference}",
            title=f"{metric.title}, since the {reference}",
            numerator=f"{metric.numerator}_since_{reference}",
            denominator=f"{metric.denominator}_with_{reference}",
            visits=f"visits_with_{reference}",
            meaning=f"{metric.meaning}; minus the same under the {reference}, same visits",
        )
        for metric in GATED
    )


def add_reference(values: pd.DataFrame, other: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Adds the columns of `since_metrics` to `values`; 0 for visits that `other` does not replay.

    Raises DataError where the replays have no visit in common.
    """
    numerators = [metric.numerator for metric in GATED]
    matched = same_visits(values, other, numerators, reference)
    both = matched[numerators[0]].notna()
    added = {since_metrics(reference)[0].visits: both.astype(float)}
    for metric, since in zip(GATED, since_metrics(reference), strict=True):
        difference = values[metric.numerator] - matched[metric.numerator]
        added[since.numerator] = difference.where(both, 0.0)
        added[since.denominator] = values[metric.denominator].where(both, 0.0)
    return values.assign(**added)


def same_visits(
    values: pd.DataFrame, other: pd.DataFrame, columns: Sequence[str], name: str
) -> pd.DataFrame:
    """Columns of `other` for the visits of `values`, NaN where it has not replayed them.

    Raises DataError, which gives `name` as the file, where they have no visit in common.
    """
    matched = values[_KEY].merge(other[[*_KEY, *columns]], on=_KEY, how="left")
    if not matched[columns[0]].notna().any():
        rule = "must replay visits of the audited replay; it has none of them"
        raise DataError([BadValue(name, 0, "visits", str(len(other)), rule)])
    return matched
