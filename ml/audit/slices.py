"""Groups people of a surface into slices, by one attribute or a crossing of two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import numpy.typing as npt
import pandas as pd
from fairlearn.metrics import MetricFrame

from ml.audit.categories import AS_WRITTEN, UNKNOWN, spellings
from ml.audit.sums import Sums
from ml.data.errors import BadValue, DataError
from ml.evaluation.metrics import Metric
from ml.evaluation.statistics import MIN_USERS, Floats

MOST_CROSSED = 400
"""Slices that a crossing of two attributes may have; two that would make more are not crossed."""


@dataclass(frozen=True)
class Grouping:
    """Rows of one surface, partitioned by one attribute or a crossing of two.

    rows: people, or strata (`ml.audit.strata`), with their attributes. cells: index into `slices`
    per row; a crossing of two known values that nobody has is in `slices` too.
    """

    surface: str
    attributes: tuple[str, ...]
    rows: pd.DataFrame
    cells: npt.NDArray[np.int64]
    slices: tuple[dict[str, str], ...]


def attach_attributes(users: pd.DataFrame, people: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Adds a text column per attribute to `users`; joins on surface as well where people have it.

    Texts that differ in case and blanks alone are one value (see `ml.audit.categories`); what was
    written stands in a further column, AS_WRITTEN behind its name, empty for people without it.
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
    names = list(dict.fromkeys(by))
    texts = {name: _texts(people[name]) for name in names}
    known = people[key].astype(str).assign(**texts)
    values = known.assign(**{name: t.map(spellings(t).of) for name, t in texts.items()})
    first = ~values.duplicated()
    twice = values[first & values[first].duplicated(key).reindex(values.index, fill_value=False)]
    if len(twice):
        rule = f"must have one set of attributes per {' and '.join(key)}"
        raise DataError([BadValue("people", 0, "user", str(twice["user"].iloc[0]), rule)])
    joined = users.merge(known[first], on=key, how="left", validate="many_to_one")
    for name in names:
        joined[name + AS_WRITTEN] = joined[name].fillna("")
        joined[name] = joined[name + AS_WRITTEN].map(spellings(joined[name + AS_WRITTEN]).of)
    return joined


def _texts(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "").astype(str)


def is_enough(users: pd.DataFrame, whole: pd.DataFrame, by: Sequence[str]) -> bool:
    """Returns True if `users` can judge every slice by one attribute that `whole` can judge.

    users, whole: a row per person, as of `attach_attributes`.
    """
    names = list(dict.fromkeys(by))
    return all(
        (
            users.groupby(["surface", name]).size().reindex(large.index, fill_value=0) >= MIN_USERS
        ).all()
        for name in names
        if len(large := _large(whole.groupby(["surface", name]).size()))
    )


def _large(people: pd.Series) -> pd.Series:
    return people[people >= MIN_USERS]


def groupings(people: pd.DataFrame, by: Sequence[str]) -> Iterator[Grouping]:
    """Yields, per surface, each attribute alone, then every crossing of two.

    people: or strata, with one value per attribute (`ml.audit.categories.categorised`). Two
    attributes that would make more than MOST_CROSSED slices are not crossed.
    """
    names = list(dict.fromkeys(by))
    for surface, rows in people.groupby("surface", sort=True):
        for attributes in [*((name,) for name in names), *combinations(names, 2)]:
            cells = rows.groupby(list(attributes), sort=True)
            keys = [tuple(map(str, key)) for key, _ in cells]
            every = sorted({*keys, *product(*(_known(rows[name]) for name in attributes))})
            if len(every) > MOST_CROSSED:
                continue
            number = {key: i for i, key in enumerate(every)}
            place = np.array([number[key] for key in keys])[cells.ngroup()]
            slices = [dict(zip(attributes, key, strict=True)) for key in every]
            yield Grouping(str(surface), attributes, rows, place.astype(np.int64), tuple(slices))


def _known(column: pd.Series) -> list[str]:
    return sorted(set(column.astype(str)) - {UNKNOWN})


def slice_values(sums: Sums, metrics: Sequence[Metric]) -> pd.DataFrame:
    """Computes per-slice figures with fairlearn, one row per slice of the sums.

    Columns: each metric's ratio of sums, NaN where its denominator is 0, as in an empty slice.
    """
    above, below = sums.field("above"), sums.field("below")
    # Each metric reads its own sample_params, but MetricFrame requires these two arguments.
    unused = np.zeros(len(above))
    frame = MetricFrame(
        metrics={m.name: ratio_of_sums for m in metrics},
        y_true=unused,
        y_pred=unused,
        sensitive_features=pd.Series(np.arange(len(above)), name="cell"),
        sample_params={
            m.name: {"numerator": above[:, i], "denominator": below[:, i]}
            for i, m in enumerate(metrics)
        },
    )
    values: pd.DataFrame = frame.by_group
    return values


def ratio_of_sums(
    y_true: object, y_pred: object, *, numerator: Floats, denominator: Floats
) -> float:
    """Returns Σ numerator / Σ denominator over a group; NaN where the denominator is 0."""
    below = float(np.sum(denominator))
    return float(np.sum(numerator)) / below if below else float("nan")
