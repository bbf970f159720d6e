"""People that chains of looks are drawn from: those of a replay, or simulated ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.evaluation.statistics import Floats

WINDOW_DAYS = 28
COLUMNS = ("extra_seconds", "explored", "moved", "default_seconds", "visits")


@dataclass(frozen=True)
class Pool:
    """28-day windows of people.

    sums: (windows, 5), columns as in COLUMNS. first, count: (people,), range of each one's rows.
    """

    sums: Floats
    first: npt.NDArray[np.int64]
    count: npt.NDArray[np.int64]
    source: str


def replay_pool(values: pd.DataFrame) -> Pool:
    """Sums the visit values of a replay (`ml.evaluation.pricing.visit_values`) by 28-day window."""
    start = values.groupby("surface")["instant"].transform("min")
    window = (values["instant"] - start).dt.days // WINDOW_DAYS
    keys = [values["surface"], values["user"], window.rename("window")]
    sums = values.groupby(keys)[list(COLUMNS)].sum()
    count = np.asarray(sums.groupby(level=[0, 1]).size(), dtype=np.int64)
    return Pool(sums.to_numpy(dtype=np.float64), np.cumsum(count) - count, count, "replay")


def simulated_pool(seed: int, people: int = 2000, windows: int = 6) -> Pool:
    """Simulates people, each with `windows` windows.

    On average a version saves 3 % of the default's seconds. This share varies between people with a
    standard deviation of 8 points, and between the windows of a person with one of 4. The number of
    visits is log-normal, so that a few people make many.
    """
    rng = np.random.default_rng(seed)
    shape = (people, windows)
    visits = np.ceil(rng.lognormal(1.5, 0.8, (people, 1)) * rng.lognormal(0.0, 0.4, shape))
    seconds = visits * rng.uniform(1.0, 3.0, (people, 1))
    saved = rng.normal(-0.03, 0.08, (people, 1)) + rng.normal(0.0, 0.04, shape)
    moved = rng.poisson(visits * rng.gamma(2.0, 0.25, (people, 1)))
    sums = np.stack([saved * seconds, 0.0 * visits, moved, seconds, visits], axis=-1)
    first = np.arange(people) * windows
    return Pool(sums.reshape(-1, 5), first, np.full(people, windows), "simulated")
