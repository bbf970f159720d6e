"""Groups people of a surface into slices, by one attribute or a crossing of two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from fairlearn.metrics import MetricFrame

from ml.data.errors import BadValue, DataError
from ml.evaluation.metrics import Metric

UNKNOWN = "unknown"
"""Slice of people who gave no value for the attribute."""


@dataclass(frozen=True)
class Grouping:
    """People of one surface, partitioned by one attribute or a crossing of two.

    users: one row per person with the metrics' sums. cells: index into `slices` per row.
    """

    surface: str
    attributes: tuple[str, ...]
    users: pd.DataFrame
    cells: npt.NDArray[np.int64]
    slices: tuple[dict[str, str], ...]


def attach_attributes(users: pd.DataFrame, people: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Adds a text column per attribute to `users`; joins on surface as well where people have it.

    Raises DataError for unknown attributes and for people with two different sets of them.
    """
    if not by:
        raise DataError([BadValue("--by", 0, "attributes", "", "needs at least one attribute")])
    for name in by:
        if name not in people.columns or name in ("user", "surface"):
            have = sorted(set(people.columns) - {"user", "surface"})
            rule = f"is no attribute of the people; they have {', '.join(have) or 'none'}"
            raise DataError([BadValue("--by", 0, "attribute", name, rule)])
    key = [name for name in ("user", "surface") if name in people.columns]
    known = people[[*key, *dict.fromkeys(by)]].drop_duplicates()
    known = known.assign(**{name: known[name].astype(str) for name in key})
    twice = known[known.duplicated(key)]
    if len(twice):
        rule = f"must have one set of attributes per {' and '.join(key)}"
        raise DataError([BadValue("people", 0, "user", str(twice["user"].iloc[0]), rule)])
    joined = users.merge(known, on=key, how="left", validate="many_to_one")
    for name in by:
        text = joined[name].astype(object).where(joined[name].notna(), UNKNOWN).astype(str)
        joined[name] = text.str.strip().replace({"": UNKNOWN, "nan": UNKNOWN, "None": UNKNOWN})
    return joined


def groupings(users: pd.DataFrame, by: Sequence[str]) -> Iterator[Grouping]:
    """Yields, per surface, each attribute alone, then every crossing of two."""
    names = list(dict.fromkeys(by))
    for surface, rows in users.groupby("surface", sort=True):
        for attributes in [*((name,) for name in names), *combinations(names, 2)]:
            cells = rows.groupby(list(attributes), sort=True)
            slices = [dict(zip(attributes, map(str, key), strict=True)) for key, _ in cells]
            place = np.asarray(cells.ngroup(), dtype=np.int64)
            yield Grouping(str(surface), attributes, rows, place, tuple(slices))


def slice_values(grouping: Grouping, metrics: Sequence[Metric]) -> pd.DataFrame:
    """Computes per-slice figures with fairlearn, one row per slice in the order of `slices`.

    Columns: each metric's ratio of sums, NaN where its denominator is 0.
    """
    users = grouping.users
    params = {
        m.name: {"numerator": users[m.numerator], "denominator": users[m.denominator]}
        for m in metrics
    }
    # Each metric reads its own sample_params, but MetricFrame requires these two arguments.
    unused = np.zeros(len(users))
    frame = MetricFrame(
        metrics={m.name: ratio_of_sums for m in metrics},
        y_true=unused,
        y_pred=unused,
        sensitive_features=pd.Series(grouping.cells, name="cell", index=users.index),
        sample_params=params,
    )
    values: pd.DataFrame = frame.by_group
    return values.loc[list(range(len(grouping.slices)))]


def ratio_of_sums(
    y_true: object, y_pred: object, *, numerator: pd.Series, denominator: pd.Series
) -> float:
    """Returns Σ numerator / Σ denominator over a group; NaN where the denominator is 0."""
    below = float(np.sum(denominator))
    return float(np.sum(numerator)) / below if below else float("nan")
