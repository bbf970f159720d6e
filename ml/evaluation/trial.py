"""Compares subjects whose layouts adapt with a control group that keeps the default layout.

A hash of the subject assigns the group (`webapp.subjects`), so a difference between groups
is an effect of adapting. Every figure is a ratio of sums over visits; people are resampled, not
visits.

*Stop rule.* A trial is looked at every night, and an interval for a single look would be wrong at
one of many. The any-time interval spends a part of ERROR at each look (`statistics.look_error`),
divided by the number of figures. By the union bound it holds for all looks and figures at once
with probability 1 − ERROR, whatever the dependence between looks, so one may stop at any look.

*Caps.* A subject with more than MOST_VISITS visits or MOST_USES raw uses on one UTC day counts as a
bot; all of its visits are excluded and their number is reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ml.evaluation.pricing import visit_values
from ml.evaluation.replay_file import ReplayVisit
from ml.evaluation.statistics import ERROR, MIN_USERS, bootstrap_effects, interval, look_error
from uiengine.page.layout import pack
from uiengine.page.reading_order import complete, default_order
from uiengine.page.surface import Surface

MOST_VISITS, MOST_USES = 100, 1000
"""Largest number of visits and of uses by one subject on one UTC day that is no bot's."""
LATEST_USE = 300.0
"""Cap on seconds to the first use: longer times are absences, not searching."""
DRAWS = 1000
UNEVEN = 0.001
"""p-value below which the group sizes are reported as uneven."""
GROUPS = ("control", "adapted")


@dataclass(frozen=True)
class TrialVisit:
    """A stored visit.

    order: block ids as last shown. uses: raw uses per block. first_use: measured seconds from the
    page's first impression, None if unknown. counts: False for a visit before the trial, which only
    counts as history.
    """

    user: str
    is_control: bool
    at: datetime
    order: tuple[str, ...]
    uses: Mapping[str, int]
    undos: int
    first_use: float | None
    counts: bool


@dataclass(frozen=True)
class Figure:
    """A ratio of two sums over visits.

    better: sign of a good difference (adapted minus control). tolerance: largest harmless one.
    """

    name: str
    title: str
    unit: str
    numerator: str
    denominator: str
    better: int
    tolerance: float = 0.0


FIGURES = (
    Figure("seconds_per_use", "Modelled seconds per use", "s", "policy_seconds", "uses", -1),
    Figure("first_use", "Time to the first use", "s, measured", "first_use", "first_uses", -1),
    Figure("uses_per_visit", "Uses per visit", "blocks a visit", "uses", "visits", 1, 0.1),
    # A default layout never moves, so the control group has nothing to undo.
    Figure("undo_rate", "Moves taken back", "undos a visit", "undos", "visits", -1, 0.02),
)


def compare(
    visits: Sequence[TrialVisit], surface: Surface, *, percent: int, look: int, seed: int = 0
) -> dict[str, Any]:
    """Returns the figures of both groups, their differences with intervals, and the verdict.

    visits: in time order per subject. look: number of this look at the trial, from 1.
    """
    bots = _bots(visits)
    kept = [v for v in visits if v.user not in bots and v.order]
    people = _people(kept, surface)
    cells = people["is_adapted"].to_numpy(dtype=np.int64)
    counts = {g: int((cells == i).sum()) for i, g in enumerate(GROUPS)}
    rows = _differences(people, cells, look, seed) if min(counts.values()) > 1 else []
    found = {
        "look": look,
        "people": counts,
        "visits": {g: int(people["visits"][cells == i].sum()) for i, g in enumerate(GROUPS)},
        "excluded": len(bots),
        "expected_control": percent / 100,
        "is_uneven": _is_uneven(counts, percent / 100),
        "figures": rows,
    }
    return {**found, "verdict": stop_rule(rows, counts)}


def stop_rule(rows: Sequence[Mapping[str, Any]], people: Mapping[str, int]) -> str:
    """Returns the verdict of a look.

    too_few: a group has fewer than MIN_USERS people. harm: a figure is worse beyond its tolerance.
    help: time is saved by either measure and no figure is worse. go_on: otherwise.
    """
    if not rows or min(people.values()) < MIN_USERS:
        return "too_few"
    judged = [(row, row["any_time_interval"]) for row in rows if row["any_time_interval"]]
    if any(_worst_case(row, ends, best=True) < -row["tolerance"] for row, ends in judged):
        return "harm"
    times = [(row, ends) for row, ends in judged if row["name"] in ("seconds_per_use", "first_use")]
    return "help" if any(_worst_case(row, ends, best=False) > 0 for row, ends in times) else "go_on"


def _worst_case(row: Mapping[str, Any], ends: Sequence[float], *, best: bool) -> float:
    """Returns the best or worst end of an interval for adapting, signed so that more is good."""
    signed: list[float] = [row["better"] * end for end in ends]
    return max(signed) if best else min(signed)


def _bots(visits: Sequence[TrialVisit]) -> set[str]:
    seen: Counter[tuple[str, object]] = Counter()
    used: Counter[tuple[str, object]] = Counter()
    for visit in visits:
        day = visit.user, visit.at.date()
        seen[day] += 1
        used[day] += sum(visit.uses.values())
    return {
        user
        for (user, day), count in seen.items()
        if count > MOST_VISITS or used[user, day] > MOST_USES
    }


def _people(visits: Sequence[TrialVisit], surface: Surface) -> pd.DataFrame:
    """Returns the sums behind the figures, one row per subject with a visit that counts."""
    columns = ["policy_seconds", "uses", "visits", "undos", "first_use", "first_uses"]
    if not any(visit.counts for visit in visits):
        return pd.DataFrame(columns=[*columns, "is_adapted"], dtype=float)
    values = visit_values(_replayed(visits, surface), {surface.slug: surface})
    known = [v.first_use is not None for v in visits]
    values["undos"] = [float(v.undos) for v in visits]
    values["first_use"] = [min(v.first_use or 0.0, LATEST_USE) for v in visits]
    values["first_uses"] = np.array(known, dtype=float)
    values["is_adapted"] = [not v.is_control for v in visits]
    counted = values[[v.counts for v in visits]]
    sums = counted.groupby("user", sort=True)[columns].sum()
    return sums.assign(is_adapted=counted.groupby("user", sort=True)["is_adapted"].first())


def _replayed(visits: Sequence[TrialVisit], surface: Surface) -> list[ReplayVisit]:
    """Converts visits to the replay visits that `metrics` prices."""
    default = default_order(surface)
    number: Counter[str] = Counter()
    boxes: dict[tuple[str, ...], dict[str, tuple[int, int, int, int]]] = {}
    found = []
    for visit in visits:
        if visit.order not in boxes:
            order = complete(surface, visit.order)
            placed = pack(surface, order).placements[surface.widest.name]
            boxes[visit.order] = {p.id: (p.x, p.y, p.w, p.h) for p in placed}
        found.append(
            ReplayVisit(
                user=visit.user,
                surface=surface.slug,
                instant=visit.at,
                visit=number[visit.user],
                layout=boxes[visit.order],
                default=default,
                blocks=tuple(sorted(b for b in visit.uses if b in surface.index)),
                tokens=0,
                distortion=None,
                explored=False,
                status="default" if visit.is_control else "adapted",
            )
        )
        number[visit.user] += 1
    return found


def _differences(
    people: pd.DataFrame, cells: np.ndarray, look: int, seed: int
) -> list[dict[str, Any]]:
    above = people[[f.numerator for f in FIGURES]].to_numpy(dtype=np.float64)
    below = people[[f.denominator for f in FIGURES]].to_numpy(dtype=np.float64)
    effects = bootstrap_effects(above, below, cells, DRAWS, seed)
    part = look_error(look) / len(FIGURES)
    rows = []
    for column, figure in enumerate(FIGURES):
        # Cell 1 is `adapted`: its effect is its figure minus that of the control group.
        estimate, error, freedom = (
            float(a[1, column]) for a in (effects.estimate, effects.error, effects.freedom)
        )
        own = interval(estimate, error, freedom, ERROR)
        any_time = interval(estimate, error, freedom, part)
        sums = [(above[cells == i, column].sum(), below[cells == i, column].sum()) for i in (0, 1)]
        values = [float(a / b) if b else None for a, b in sums]
        rows.append(
            {
                "name": figure.name,
                "title": figure.title,
                "unit": figure.unit,
                "better": figure.better,
                "tolerance": figure.tolerance,
                **dict(zip(GROUPS, values, strict=True)),
                "difference": estimate if np.isfinite(estimate) else None,
                "interval": own and list(own),
                "any_time_interval": any_time and list(any_time),
            }
        )
    return rows


def _is_uneven(people: Mapping[str, int], expected: float) -> bool:
    """Tests whether the group sizes contradict the planned share, a sign of lost people."""
    total = sum(people.values())
    if not total or not 0 < expected < 1:
        return False
    return bool(stats.binomtest(people["control"], total, expected).pvalue < UNEVEN)
