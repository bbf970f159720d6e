"""Builds the rows of report.json, one per slice and metric: measures them, then judges together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ml.audit.needed import grown_verdict, people_needed
from ml.audit.slices import Grouping, groupings, slice_values
from ml.audit.strata import Strata
from ml.audit.sums import Sums, linear_effects
from ml.audit.words import reason, too_few
from ml.evaluation.metrics import Metric
from ml.evaluation.statistics import (
    ERROR,
    MIN_USERS,
    SideRatios,
    interval,
    look_error,
    slice_verdict,
)

_FIGURES = (
    *("value", "value_interval", "rest_value", "rest_interval", "estimate", "standard_error"),
    *("freedom", "interval", "shared_interval", "verdict_at_least"),
)
Progress = Callable[[str, int, int], None]
"""Receives a description of the current step, the steps done and the number of steps."""


def silent(doing: str, done: int, steps: int) -> None:
    """Ignores progress."""


def sliced_rows(
    strata: Strata,
    metrics: Sequence[Metric],
    look: int,
    progress: Progress = silent,
) -> list[dict[str, Any]]:
    """Measures the slices of all groupings, then judges them together: they share the look's error.

    Nothing but sums is needed of people. metrics: those of the strata.
    """
    groups = list(groupings(strata.rows, strata.by))
    rows: list[dict[str, Any]] = []
    for done, group in enumerate(groups):
        progress(f"{group.surface}: {' × '.join(group.attributes)}", done, len(groups))
        rows += measured(group, metrics, strata.sums.only(group.rows.index.to_numpy()))
    progress("writing the report", len(groups), len(groups))
    return [withheld(row) for row in judged(rows, look_error(look))]


def measured(grouping: Grouping, metrics: Sequence[Metric], strata: Sums) -> list[dict[str, Any]]:
    """Measures all rows of a grouping, without verdicts.

    grouping: of strata; strata: their sums. estimate: slice minus rest, None where there is no
    rest. value, rest_value: the figure of the slice and of all others, each with its interval.
    """
    sums = strata.by(grouping.cells, len(grouping.slices))
    effects = linear_effects(sums)
    people, visits = sums.field("seen"), sums.field("visits")
    values = slice_values(sums, metrics)
    rows = []
    for column, metric in enumerate(metrics):
        seen = people[:, column]
        for cell, slice_ in enumerate(grouping.slices):
            rows.append(
                {
                    "surface": grouping.surface,
                    "slice": slice_,
                    "metric": metric.name,
                    "unit": metric.unit,
                    "users": int(seen[cell]),
                    "rest_users": int(seen.sum() - seen[cell]),
                    "n": int(visits[cell, column]),
                    "value": _number(values[metric.name].iloc[cell]),
                    "value_interval": _interval(effects.inside, cell, column),
                    "rest_value": _number(effects.outside.ratio[cell, column]),
                    "rest_interval": _interval(effects.outside, cell, column),
                    "estimate": _number(effects.estimate[cell, column]),
                    "standard_error": _number(effects.error[cell, column]),
                    "freedom": float(effects.freedom[cell, column]),
                    "tolerance": metric.tolerance,
                }
            )
    return rows


def judged(rows: Sequence[dict[str, Any]], error: float) -> list[dict[str, Any]]:
    """Adds intervals to all rows, and verdicts with reasons to gated ones.

    error: the total error this look may spend.
    Each gated row that can exceed, with MIN_USERS people on either side, gets an equal part of it.
    """
    tested = sum(
        row["tolerance"] is not None and min(row["users"], row["rest_users"]) >= MIN_USERS
        for row in rows
    )
    part = error / max(tested, 1)
    return [{**row, **_judgement(row, part)} for row in rows]


def withheld(row: dict[str, Any]) -> dict[str, Any]:
    """Removes the figures of a row with fewer than LEAST_SHOWN people on either side.

    With two slices the large one's difference is minus the small one's, so its figures go too.
    Size and verdict stay; `reason` says why.
    """
    if not (why := too_few(row)):
        return row
    hidden = {name: None for name in _FIGURES if name in row}
    if "people_needed" in row:  # it follows from the difference, too
        hidden["people_needed"] = max(MIN_USERS, row["users"])
    # The direction reveals the sign of the difference, so it goes too.
    return {k: v for k, v in row.items() if k != "direction"} | hidden | {"reason": why}


def _interval(side: SideRatios, cell: int, column: int) -> list[float] | None:
    ratio, error, freedom = (float(f[cell, column]) for f in (side.ratio, side.error, side.freedom))
    found = interval(ratio, error, freedom, ERROR)
    return found and list(found)


def _judgement(row: dict[str, Any], part: float) -> dict[str, Any]:
    nan = math.nan
    estimate, deviation, freedom = (
        nan if row[k] is None else row[k] for k in ("estimate", "standard_error", "freedom")
    )
    own = interval(estimate, deviation, freedom, ERROR)
    shared = interval(estimate, deviation, freedom, part)
    judgement: dict[str, Any] = {"interval": own and list(own), "verdict": None}
    if row["tolerance"] is not None:
        judgement["shared_interval"] = shared and list(shared)
        judgement["verdict"] = slice_verdict(
            own, shared, row["tolerance"], row["users"], row["rest_users"]
        )
        judgement["reason"] = reason({**row, **judgement})
        judgement["direction"] = "worse" if (row["estimate"] or 0.0) > 0 else "better"
        if judgement["verdict"] == "inconclusive":
            judgement |= _lacking(row, part)
    return judgement


def _lacking(row: dict[str, Any], part: float) -> dict[str, Any]:
    """Says how many people an unclear row needs; under MIN_USERS also its verdict with them."""
    found: dict[str, Any] = {"people_needed": people_needed(row, part)}
    is_measured = row["estimate"] is not None and row["standard_error"] is not None
    if 0 < row["users"] < MIN_USERS and is_measured:
        found["verdict_at_least"] = grown_verdict(row, MIN_USERS, part)
    return found


def _number(value: float) -> float | None:
    """Turns NaN and infinity into None, as JSON has neither."""
    return float(value) if math.isfinite(value) else None
