"""What people of a slice reached of the goals that their team counts: columns and metrics.

Goals happened under the layouts that people really got; nothing of them is replayed. No gate uses
them: people differ in what they want under any layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from ml.evaluation.metrics import Metric


@dataclass(frozen=True)
class AuditedGoal:
    """A goal and its events, as (user, UTC time, value).

    most: bound of a person's sum. since: UTC; visits from then on count, as events of before were
    not counted or are kept no longer.
    """

    surface: str
    name: str
    title: str
    unit: str
    most: float
    since: datetime
    events: Sequence[tuple[str, datetime, float]]


def goal_metrics(goals: Sequence[Mapping[str, Any]]) -> tuple[Metric, ...]:
    """goals: name, title and unit of each, as `described` has them."""
    return tuple(
        Metric(
            _value(goal["name"]),
            goal["title"],
            f"{goal['unit'] or 'reached'} per person",
            _value(goal["name"]),
            _people(goal["name"]),
            None,
            "what a person reached in the visits that count and after them, up to the goal's bound",
            _visits(goal["name"]),
        )
        for goal in goals
    )


def described(goals: Sequence[AuditedGoal]) -> list[dict[str, Any]]:
    """What a report says of the goals."""
    return [
        {"name": g.name, "title": g.title, "unit": g.unit, "since": g.since.isoformat()}
        for g in goals
    ]


def add_goals(values: pd.DataFrame, goals: Sequence[AuditedGoal]) -> pd.DataFrame:
    """Adds the columns of `goal_metrics` to visits: each event belongs to the latest visit of its
    person that began before it; who had none is left out."""
    added: dict[str, Any] = {}
    for goal in goals:
        here = values["surface"] == goal.surface
        counts = here & (values["instant"] >= goal.since)
        added[_visits(goal.name)] = added[_people(goal.name)] = counts.astype(float)
        added[_value(goal.name)] = _values(values, np.flatnonzero(counts), goal.events)
    return values.assign(**added)


def per_person(users: pd.DataFrame, goals: Sequence[AuditedGoal]) -> pd.DataFrame:
    """Bounds people's sums, and counts each person once who has a visit that counts."""
    changed: dict[str, Any] = {}
    for goal in goals:
        changed[_value(goal.name)] = users[_value(goal.name)].clip(upper=goal.most)
        changed[_people(goal.name)] = (users[_visits(goal.name)] > 0).astype(float)
    return users.assign(**changed)


def _values(
    values: pd.DataFrame, rows: np.ndarray, events: Sequence[tuple[str, datetime, float]]
) -> np.ndarray:
    """Sums of events per visit. rows: places of the visits that count."""
    found = np.zeros(len(values))
    mine: dict[str, list[tuple[datetime, int]]] = {}
    users, instants = values["user"].to_numpy(), list(values["instant"])
    for row in rows:
        mine.setdefault(str(users[row]), []).append((instants[row], int(row)))
    for user, at, value in events:
        before = [visit for visit in mine.get(user, ()) if visit[0] <= at]
        if before:
            found[max(before)[1]] += value
    return found


def _value(name: str) -> str:
    return f"goal:{name}"


def _people(name: str) -> str:
    return f"goal_people:{name}"


def _visits(name: str) -> str:
    return f"goal_visits:{name}"
