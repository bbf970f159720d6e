"""Strata: people of a surface who have the same value of every attribute, and their sums.

Every slice and crossing is a union of strata, so one pass over people is enough for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd

from ml.audit.sums import Sums, sums_of
from ml.evaluation.metrics import Metric


@dataclass(frozen=True)
class Strata:
    """by: attributes; metrics: names; keys: surface and attributes' values of each stratum, sorted;
    sums: one slice a stratum."""

    by: tuple[str, ...]
    metrics: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    sums: Sums

    @property
    def rows(self) -> pd.DataFrame:
        """surface and attributes of each stratum."""
        return pd.DataFrame(self.keys, columns=["surface", *self.by])


def strata_of(people: pd.DataFrame, by: Sequence[str], metrics: Sequence[Metric]) -> Strata:
    """people: a row per person with surface, attributes and the metrics' sums; nobody twice."""
    keys = pd.MultiIndex.from_frame(people[["surface", *by]].astype(str))
    places, found = keys.factorize(sort=True)
    above, below, visits = (
        people[[getattr(m, name) for m in metrics]].to_numpy(dtype=np.float64)
        for name in ("numerator", "denominator", "visits")
    )
    sums = sums_of(above, below, visits, places.astype(np.int64), len(found))
    names = tuple(m.name for m in metrics)
    return Strata(tuple(by), names, tuple(tuple(map(str, key)) for key in found), sums)


def joined(parts: Sequence[Strata]) -> Strata:
    """Adds strata of groups of people who have nobody in common, such as shards, in any order.

    Raises ValueError where they have not the same attributes and metrics.
    """
    if len({(part.by, part.metrics) for part in parts}) != 1:
        raise ValueError("strata: only those of the same attributes and metrics add up")
    keys = sorted({key for part in parts for key in part.keys})
    place = {key: number for number, key in enumerate(keys)}
    added = (
        part.sums.by(np.array([place[key] for key in part.keys], dtype=np.int64), len(keys))
        for part in parts
    )
    return Strata(parts[0].by, parts[0].metrics, tuple(keys), reduce(Sums.__add__, added))
