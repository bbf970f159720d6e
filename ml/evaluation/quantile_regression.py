"""Quantile regression of times, by reweighted least squares, with intervals over sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.cli import progress_bar

Floats = npt.NDArray[np.float64]
SMOOTHING, ROUNDS = 1e-3, 60
"""Smoothing in seconds and rounds of the reweighted least squares."""


@dataclass(frozen=True)
class Fit:
    """A quantile fit: seconds = constant of the group + Σ slope·feature.

    slopes: one per feature. constants: per task, or one under "" where tasks share it.
    """

    slopes: dict[str, float]
    constants: dict[str, float]


def quantile_fit(
    table: pd.DataFrame,
    features: Sequence[str],
    *,
    by_task: bool,
    weights: Floats | None = None,
    quantile: float = 0.5,
) -> Fit:
    """Fits a quantile by iteratively reweighted least squares. weights: (rows,), repeats of a row.

    quantile: 0.5 is the median; lower ones fit quick moves with little thinking.
    """
    tasks = sorted(table["task"].unique()) if by_task else [""]
    constant = np.ones((len(table), 1))
    if by_task:
        constant = (table["task"].to_numpy()[:, None] == np.array(tasks)).astype(np.float64)
    design = np.concatenate([constant, table[list(features)].to_numpy(dtype=np.float64)], 1)
    seconds = table["seconds"].to_numpy(dtype=np.float64)
    repeats = np.ones(len(table)) if weights is None else weights
    found = np.zeros(design.shape[1])
    weight = repeats
    for _ in range(ROUNDS):
        weighted = design * weight[:, None]
        ridge = 1e-9 * np.eye(design.shape[1])
        found = np.linalg.solve(design.T @ weighted + ridge, weighted.T @ seconds)
        off = seconds - design @ found
        side = np.where(off > 0, quantile, 1 - quantile)
        weight = repeats * side / np.maximum(np.abs(off), SMOOTHING)
    constants = dict(zip(tasks, found.tolist(), strict=False))
    return Fit(dict(zip(features, found[len(tasks) :].tolist(), strict=True)), constants)


def predict(fit: Fit, table: pd.DataFrame) -> Floats:
    """Predicts seconds, (rows,); tasks without a constant get the median constant."""
    usual = float(np.median(list(fit.constants.values())))
    seconds = table["task"].map(lambda task: fit.constants.get(task, usual)).to_numpy(np.float64)
    if list(fit.constants) == [""]:
        seconds = np.full(len(table), usual)
    for name, slope in fit.slopes.items():
        seconds = seconds + slope * table[name].to_numpy(np.float64)
    return np.asarray(seconds, dtype=np.float64)


def errors(fit: Fit, table: pd.DataFrame) -> dict[str, float | None]:
    """Returns the median absolute error in s, and 1 − Σ|error| / Σ|error of the median|.

    The latter is None where all times are equal, so that their median leaves nothing to explain.
    """
    seconds = table["seconds"].to_numpy(np.float64)
    off = np.abs(seconds - predict(fit, table))
    plain = np.abs(seconds - np.median(seconds)).sum()
    return {
        "median_error": round(float(np.median(off)), 4),
        "explained": round(float(1 - off.sum() / plain), 4) if plain else None,
    }


def intervals(
    table: pd.DataFrame, features: Sequence[str], *, by_task: bool, draws: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Returns 95 % percentile intervals of slopes and shared constant, resampling sessions."""
    sessions, codes = np.unique(table["session"].to_numpy(), return_inverse=True)
    random = np.random.default_rng(seed)
    found: dict[str, list[float]] = {}
    bar, show = progress_bar("resampling sessions")
    with bar:
        for draw in range(draws):
            times = random.multinomial(len(sessions), np.full(len(sessions), 1 / len(sessions)))
            fit = quantile_fit(
                table, features, by_task=by_task, weights=times[codes].astype(np.float64)
            )
            shared = {} if by_task else {"constant": fit.constants[""]}
            for name, value in {**shared, **fit.slopes}.items():
                found.setdefault(name, []).append(value)
            show((draw + 1) / draws, "")
    bounds = {name: np.percentile(values, [2.5, 97.5]) for name, values in found.items()}
    return {name: (round(float(a), 4), round(float(b), 4)) for name, (a, b) in bounds.items()}
