"""How many people a slice needs before an audit can tell, and what that says to its reader.

`tests/ml/audit/test_needed.py` holds the figure against the chains of `ml.audit.power`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from scipy import stats

from ml.audit.words import slice_name
from ml.evaluation.statistics import ERROR, LEAST_SHOWN, MIN_USERS, interval, slice_verdict

Row = Mapping[str, Any]
CHANCE = 0.8
"""Chance that an audit of so many people is conclusive, if the difference is as measured."""
MOST = 1_000_000
"""More people than this are not asked for."""
MOST_NAMED = 5


def people_needed(row: Row, part: float) -> int | None:
    """Returns the people that the slice needs, if all slices grow alike, or None for too many.

    The error falls with the root of people. row: gated and inconclusive, with its estimate and
    standard error; part: the error of its shared interval.
    """
    estimate, error, tolerance = row["estimate"], row["standard_error"], row["tolerance"]
    users: int = row["users"]
    smallest = min(users, row["rest_users"])
    if not smallest or estimate is None or error is None or not math.isfinite(error):
        return MIN_USERS if users < MIN_USERS else None
    certain = float(stats.norm.isf((ERROR if abs(estimate) < tolerance else part) / 2))
    chance = float(stats.norm.ppf((1 + CHANCE) / 2))  # either way from what was measured
    wanted = abs(tolerance - abs(estimate)) / (certain + chance)
    if wanted * math.sqrt(MOST) < error * math.sqrt(users):
        return None
    times = max(float((error / wanted) ** 2), MIN_USERS / float(smallest))
    return max(math.ceil(users * times), MIN_USERS)


def grown_verdict(row: Row, users: int, part: float) -> str:
    """Returns the verdict that the measured difference would have with so many people."""
    times = users / row["users"]
    error, freedom = row["standard_error"] / math.sqrt(times), row["freedom"] * times
    own, shared = (interval(row["estimate"], error, freedom, level) for level in (ERROR, part))
    rest = math.ceil(row["rest_users"] * times)
    return slice_verdict(own, shared, row["tolerance"], users, rest)


def more_people(report: Mapping[str, Any]) -> str:
    """Renders whom to wait for, those first who lack fewest; empty where nothing is unclear."""
    lacking = [row for row in slices_lacking(report["slices"]) if row["people_needed"]]
    if not lacking:
        return ""
    items = "".join(f"<li>{_sentence(row)}</li>" for row in lacking[:MOST_NAMED])
    others = len(lacking) - MOST_NAMED
    rest = f"<p class=soft>{others} more slices lack people; see below.</p>" if others > 0 else ""
    return (
        "<p>More visits of more people, and of whom (if people come in the same mix as so far):</p>"
        f"<ul>{items}</ul>{rest}"
    )


def slices_lacking(rows: Sequence[Row]) -> list[Row]:
    """Returns of each unclear slice the row that needs most people, fewest lacking first."""
    most: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row["verdict"] != "inconclusive" or not row["users"] or "people_needed" not in row:
            continue
        if row["rest_users"] < MIN_USERS <= row["users"]:
            continue  # all others lack people, and have rows of their own
        key = (row["surface"], slice_name(row["slice"]))
        if key not in most or _needs(row) > _needs(most[key]):
            most[key] = row
    return sorted(most.values(), key=lambda row: (len(row["slice"]), _lacks(row)))


def _lacks(row: Row) -> float:
    return (MIN_USERS if row["users"] < MIN_USERS else _needs(row)) - float(row["users"])


def _needs(row: Row) -> float:
    return math.inf if row["people_needed"] is None else float(row["people_needed"])


def _sentence(row: Row) -> str:
    users, needed = row["users"], row["people_needed"]
    name = f"<b>{escape(slice_name(row['slice']))}</b> on {escape(row['surface'])}"
    people = "1 person" if users == 1 else f"{users:,} people"
    if users >= MIN_USERS:
        return f"{name}: {people} now; about {needed - users:,} more ({needed:,}) would tell."
    lacks = MIN_USERS - users
    told = f"{name}: {people} now; with {lacks} more it reaches {MIN_USERS} and is judged."
    if users < LEAST_SHOWN:
        return told
    verdict = row.get("verdict_at_least")
    if verdict in ("within", "exceeds"):
        does = "be within the tolerance" if verdict == "within" else "exceed the tolerance"
        return f"{told} If the difference stays as it is, it would then {does}."
    return f"{told} That would most likely not tell yet: about {needed:,} people would."
