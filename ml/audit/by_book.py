"""The same people on the same visits, served by a byte of the page's book: columns and metrics."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ml.audit.references import same_visits
from ml.evaluation.metrics import GATED, METRICS, Metric

BOOK = "book"
VISITS = "visits_by_book"
ALSO = ("seconds_saved", "cold_start_seconds")
"""Metrics beside the gated ones that are reported of the book, too."""
OF_BOOK = (*GATED, *(metric for metric in METRICS if metric.name in ALSO))


def book_metrics() -> tuple[Metric, ...]:
    """The metrics of people served by a byte, gated as those of the engine are."""
    return tuple(
        replace(
            metric,
            name=by_book(metric.name),
            title=f"{metric.title}, by book",
            numerator=by_book(metric.numerator),
            denominator=by_book(metric.denominator),
            visits=VISITS,
            meaning=f"{metric.meaning}; where a byte of the page's book is served",
        )
        for metric in OF_BOOK
    )


def by_book(name: str) -> str:
    """The name of a metric or column of the engine's, for the book."""
    return f"{name}_by_book"


def add_book(values: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Adds the columns of `book_metrics`; 0 for visits that the book's replay lacks.

    Raises DataError where the replays have no visit in common.
    """
    columns = list(
        dict.fromkeys(c for m in OF_BOOK for c in ("visits", m.numerator, m.denominator))
    )
    matched = same_visits(values, other, columns, BOOK)
    return values.assign(**{by_book(c): matched[c].fillna(0.0) for c in columns})
