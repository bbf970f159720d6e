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
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ml.cli import EPISODES, command, whole_number
from ml.data.click_episodes import NONE_USABLE, read_episodes
from ml.data.errors import DataError
from ml.evaluation.quantile_regression import Fit, errors, intervals, predict, quantile_fit
from uiengine.cost.coefficients import VALUES

HELD_OUT = 5
"""One in this many sessions is held out."""
TOO_FEW = (
    f"too few sessions: one in {HELD_OUT} is held out, by a hash of its name, and of moves and of "
    "first clicks both parts need some. Name a file with episodes of more sessions"
)


def is_held_out(session: str) -> bool:
    return int(sha256(session.encode(errors="surrogatepass")).hexdigest(), 16) % HELD_OUT == 0


def quoted() -> Fit:
    """Returns the engine's coefficients for a move by a newcomer to the page."""
    return Fit(
        {"bits": VALUES["point_per_bit"], "read": VALUES["search_per_rank"]},
        {"": VALUES["point_base"] + VALUES["search_base"]},
    )


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
    parser.add_argument(
        "--draws", type=whole_number(1), default=200, help="resamples of the sessions"
    )
    parser.add_argument("--seed", type=whole_number(0), default=0)
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
    if any(part.empty for _, rows in table.groupby("kind") for part in _split(rows)):
        sys.stderr.write(f"{options.data}: {TOO_FEW}\n")
        return 2
    draws = 4 if options.smoke else options.draws
    sys.stdout.write(json.dumps(study(table, draws=draws, seed=options.seed)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
