"""The figures of a rehearsal, each a ratio of two sums over people, with its interval.

*Interval.* Estimate ± t · error, as in audits: the error is the spread over bootstrap draws of
people, never of visits, because the visits of one person resemble each other; t has as many degrees
of freedom as there are effective people (Kish), so that few heavy users do not count as many. All
policies are compared on the same people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ml.audit.categories import UNKNOWN
from ml.evaluation.statistics import ERROR, LEAST_SHOWN, interval, resampled
from ml.rehearsal.walk import FIRST
from uiengine.cost.energy import Floats

DRAWS = 2000
LEVEL = 1 - ERROR
"""Level of the two-sided intervals."""
AT_ONCE = 200
"""Bootstrap draws per batch, to bound memory."""


@dataclass(frozen=True)
class Figure:
    """above / below: both are sums over people of columns times the given factors."""

    name: str
    title: str
    unit: str
    above: Mapping[str, float]
    below: Mapping[str, float]


def _of_first(columns: Mapping[str, float]) -> dict[str, float]:
    return {name + FIRST: factor for name, factor in columns.items()}


_GAIN = {"rank_today": 1.0, "rank_shown": -1.0}
_ROOM = {"rank_today": 1.0, "rank_best": -1.0}
_SAVED = {"default_seconds": 1.0, "policy_seconds": -1.0}
_TODAY = {"default_seconds": 1.0}
FIGURES = (
    Figure("saved", "Time saved", "share", _SAVED, _TODAY),
    Figure("saved_first", "in the first three visits", "share", _of_first(_SAVED),
           _of_first(_TODAY)),
    Figure("captured", "Captured gain", "share", _GAIN, _ROOM),
    Figure("captured_first", "in the first three visits", "share", _of_first(_GAIN),
           _of_first(_ROOM)),
    Figure("moved", "Blocks moved", "a visit", {"moved": 1.0}, {"visits": 1.0}),
    Figure("seconds", "Seconds to select", "s a visit", {"policy_seconds": 1.0}, {"visits": 1.0}),
)  # fmt: skip
IN_SLICES = tuple(f for f in FIGURES if f.name != "seconds")


def estimates(
    people: pd.DataFrame, figures: Sequence[Figure], seed: int
) -> dict[str, dict[str, Any]]:
    """Returns estimate and interval by figure. people: a row each (`walk.person_sums`)."""
    above = np.stack([_sum(people, f.above) for f in figures], axis=1)
    below = np.stack([_sum(people, f.below) for f in figures], axis=1)
    return _named(figures, above, below, seed)


def differences(
    people: pd.DataFrame, others: Mapping[str, pd.DataFrame], seed: int
) -> dict[str, dict[str, Any]]:
    """Returns how much more of today's seconds is saved for `people` than under each other policy.

    others: the sums of the same people under other policies, in the same order.
    """
    saved = [
        Figure(name, name, "share", {"other": 1.0, "policy_seconds": -1.0}, _TODAY)
        for name in others
    ]
    below = np.stack([_sum(people, _TODAY)] * len(saved), axis=1)
    above = np.stack(
        [
            (other["policy_seconds"] - people["policy_seconds"]).to_numpy(dtype=np.float64)
            for other in others.values()
        ],
        axis=1,
    )
    return _named(saved, above, below, seed)


def slices(
    people: pd.DataFrame, attributes: Mapping[str, Mapping[str, str]], by: Sequence[str], seed: int
) -> list[dict[str, Any]]:
    """Returns the figures of each value of each attribute.

    attributes: by person and name. Under LEAST_SHOWN people there are no figures, which would tell
    of single persons.
    """
    found = []
    for name in by:
        values = [attributes.get(str(user), {}).get(name, UNKNOWN) for user in people.index]
        for value, rows in people.groupby(np.array(values, dtype=object), sort=True):
            few = len(rows) < LEAST_SHOWN
            figures = {} if few else estimates(rows, IN_SLICES, seed)
            row = {"slice": {name: str(value)}, "people": len(rows)}
            found.append({**row, "figures": figures})
    return found


def _sum(people: pd.DataFrame, columns: Mapping[str, float]) -> Floats:
    parts = [factor * people[name].to_numpy(dtype=np.float64) for name, factor in columns.items()]
    return np.asarray(np.sum(parts, axis=0))


def _named(
    figures: Sequence[Figure], above: Floats, below: Floats, seed: int
) -> dict[str, dict[str, Any]]:
    columns, half = np.concatenate([above, below], axis=1), len(figures)
    whole = _ratios(columns.sum(axis=0, keepdims=True), half)[0]
    rng = np.random.default_rng(seed)
    parts = [resampled(columns, AT_ONCE, rng) for _ in range(DRAWS // AT_ONCE)]
    errors = _ratios(np.concatenate(parts), half).std(axis=0, ddof=1)
    with np.errstate(invalid="ignore"):
        freedom = below.sum(axis=0) ** 2 / (below**2).sum(axis=0) - 1
    return {
        figure.name: {
            "estimate": _finite(whole[number]),
            "interval": interval(
                float(whole[number]), float(errors[number]), float(freedom[number]), ERROR
            ),
        }
        for number, figure in enumerate(figures)
    }


def _ratios(sums: Floats, half: int) -> Floats:
    below = sums[:, half:]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(below > 0, sums[:, :half] / below, np.nan))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
