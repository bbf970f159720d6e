"""Refits the energy's coefficients on recorded clicks.

    python -m ml.clicks --data episodes.jsonl.gz

Two kinds of times are read from each episode that succeeded. A *move* is the time between two
clicks: it holds one pointing movement, whose index of difficulty is known, and the reading of the
elements between. A *first* click holds the reading of the page from its top; the task's text is
read in it too, so only its slope over rank says something, within one task. Medians are fitted
(times have a long tail), on some sessions; errors are those of other sessions, intervals come from
resampling sessions. A move has one constant: search_base + point_base, which cannot be told apart.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.cli import EPISODES, command, progress_bar
from ml.data.errors import BadValue, DataError
from ml.data.json_lines import parse_line, text_lines
from uiengine.cost.coefficients import VALUES

Floats = npt.NDArray[np.float64]

SHORTEST, LONGEST = 0.15, 10.0
"""Bounds in seconds: shorter is a second event of one click, longer is a distraction."""
TYPED = ("INPUT_text", "INPUT_password", "TEXTAREA", "INPUT_time", "INPUT_date")
"""Elements to type in: the next move starts from the keyboard."""
MOST_NUMBER = 10**9
"""Largest plausible number of pixels or milliseconds."""
HELD_OUT = 5
"""One in this many sessions is held out."""
NONE_USABLE = (
    "no usable clicks. An episode is usable if success is true, it has a session, its first click "
    "is on an element of its layout and a later one on another, away from the last click and not "
    f"after a field to type in; each {SHORTEST} to {LONGEST:g} s after what came before it. "
    "Name a file with such episodes"
)
SMOOTHING, ROUNDS = 1e-3, 60
"""Smoothing in seconds and rounds of the reweighted least squares."""


@dataclass(frozen=True)
class Fit:
    """A quantile fit: seconds = constant of the group + Σ slope·feature.

    slopes: one per feature. constants: per task, or one under "" where tasks share it.
    """

    slopes: dict[str, float]
    constants: dict[str, float]


def read_episodes(path: Path) -> pd.DataFrame:
    """Reads a row per usable click: session, task, kind (move or first), seconds, bits, read.

    bits: log2(A/W + 1), with A px from the last click to the box's centre and W its smaller side;
    NaN for a first click, whose start is unknown. read: elements from the last clicked one, or from
    the top, to this one. Raises DataError on the first line that is not an episode.
    """
    rows = []
    for number, line in text_lines(path):
        try:
            rows += list(_clicks(parse_line(line)))
        except (ValueError, KeyError, TypeError) as error:
            rule = f"must be an episode {{task, session, success, layout, clicks}}: {error!r}"
            raise DataError([BadValue(path.name, number, "line", line[:60], rule)]) from error
    names = ["session", "task", "kind", "seconds", "bits", "read"]
    table = pd.DataFrame(rows, columns=names)
    return table[table["seconds"].between(SHORTEST, LONGEST)].reset_index(drop=True)


def _clicks(episode: Mapping[str, Any]) -> Iterator[tuple[str, str, str, float, float, float]]:
    if not episode["success"] or not episode["clicks"] or not episode["session"]:
        return
    placed = sorted(episode["layout"], key=lambda e: (_number(e["y"]), _number(e["x"])))
    rank = {element["id"]: r for r, element in enumerate(placed)}
    tags = {element["id"]: element["tag"] for element in placed}
    who = (str(episode["session"]), str(episode["task"]))
    first = episode["clicks"][0]
    if first["id"] in rank:
        yield (*who, "first", _number(first["ms"]) / 1000, float("nan"), rank[first["id"]] + 1.0)
    for before, click in zip(episode["clicks"], episode["clicks"][1:], strict=False):
        if click["id"] == before["id"] or tags.get(before["id"]) in TYPED:
            continue
        if click["id"] not in rank or before["id"] not in rank:
            continue
        x, y, w, h = map(_number, click["box"])
        from_x, from_y = _number(before["x"]), _number(before["y"])
        away = float(np.hypot(x + w / 2 - from_x, y + h / 2 - from_y))
        side = max(min(w, h), 1.0)
        if away > side / 2:
            read = float(abs(rank[click["id"]] - rank[before["id"]]))
            seconds = (_number(click["ms"]) - _number(before["ms"])) / 1000
            yield (*who, "move", seconds, float(np.log2(away / side + 1)), read)


def _number(value: Any) -> float:
    """Checks a number of pixels or milliseconds. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MOST_NUMBER:
        raise ValueError(f"{value!r} is not a number within ±{MOST_NUMBER:,}")
    return float(value)


def is_held_out(session: str) -> bool:
    return int(sha256(session.encode(errors="surrogatepass")).hexdigest(), 16) % HELD_OUT == 0


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


def quoted() -> Fit:
    """Returns the engine's coefficients for a move by a newcomer to the page."""
    return Fit(
        {"bits": VALUES["point_per_bit"], "read": VALUES["search_per_rank"]},
        {"": VALUES["point_base"] + VALUES["search_base"]},
    )


def errors(fit: Fit, table: pd.DataFrame) -> dict[str, float]:
    """Returns the median absolute error in s, and 1 − Σ|error| / Σ|error of the median|."""
    seconds = table["seconds"].to_numpy(np.float64)
    off = np.abs(seconds - predict(fit, table))
    plain = np.abs(seconds - np.median(seconds))
    return {
        "median_error": round(float(np.median(off)), 4),
        "explained": round(float(1 - off.sum() / plain.sum()), 4),
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


def study(table: pd.DataFrame, *, draws: int, seed: int) -> dict[str, Any]:
    """Fits both kinds of times: coefficients, intervals, and errors on held-out sessions."""
    parts = {kind: rows for kind, rows in table.groupby("kind")}
    return {
        "moves": _study_moves(*_split(parts["move"]), draws, seed),
        "first_clicks": _study_first(*_split(parts["first"]), draws, seed),
    }


def _split(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    held = rows["session"].map(is_held_out)
    return rows[~held], rows[held]


def _study_moves(seen: pd.DataFrame, unseen: pd.DataFrame, draws: int, seed: int) -> dict[str, Any]:
    both = ["bits", "read"]
    shared, within = (quantile_fit(seen, both, by_task=by_task) for by_task in (False, True))
    quick = quantile_fit(seen, both, by_task=False, quantile=0.1)
    shift = float(np.median(seen["seconds"] - predict(quoted(), seen)))
    fits = {
        "quoted": quoted(),
        "quoted_shifted": Fit(quoted().slopes, {"": quoted().constants[""] + shift}),
        "refit": shared,
        "refit_by_task": within,
        "bits_alone": quantile_fit(seen, ["bits"], by_task=False),
    }
    few = max(draws // 4, 1)
    return {
        "rows": len(seen),
        "held_out_rows": len(unseen),
        "sessions": int(seen["session"].nunique()),
        "median_seconds": round(float(seen["seconds"].median()), 3),
        "coefficients": {"constant": shared.constants[""], **shared.slopes},
        "intervals": intervals(seen, both, by_task=False, draws=draws, seed=seed),
        "quick_tenth": {"constant": quick.constants[""], **quick.slopes},
        "within_tasks": within.slopes,
        "within_tasks_intervals": intervals(seen, both, by_task=True, draws=few, seed=seed),
        "held_out": {name: errors(fit, unseen) for name, fit in fits.items()},
    }


def _study_first(seen: pd.DataFrame, unseen: pd.DataFrame, draws: int, seed: int) -> dict[str, Any]:
    """Fits first clicks, with a constant per task for the reading of the task's text."""
    refit = quantile_fit(seen, ["read"], by_task=True)
    slope = VALUES["search_per_rank"]
    rest = quantile_fit(
        seen.assign(seconds=seen["seconds"] - slope * seen["read"]), [], by_task=True
    )
    fits = {
        "quoted_slope": Fit({"read": slope}, rest.constants),
        "refit": refit,
        "no_slope": quantile_fit(seen, [], by_task=True),
    }
    return {
        "rows": len(seen),
        "held_out_rows": len(unseen),
        "within_tasks": refit.slopes,
        "intervals": intervals(seen, ["read"], by_task=True, draws=max(draws // 4, 1), seed=seed),
        "held_out": {name: errors(fit, unseen) for name, fit in fits.items()},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = command("ml.clicks", __doc__, EPISODES)
    parser.add_argument("--data", type=Path, required=True, help="file of episodes with clicks")
    parser.add_argument("--draws", type=int, default=200, help="resamples of the sessions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="few resamples: ends within seconds")
    options = parser.parse_args(arguments)
    try:
        table = read_episodes(options.data)
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not (table["kind"] == "move").any() or not (table["kind"] == "first").any():
        sys.stderr.write(f"{options.data}: {NONE_USABLE}\n")
        return 2
    draws = 4 if options.smoke else options.draws
    sys.stdout.write(json.dumps(study(table, draws=draws, seed=options.seed)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
