"""Does adapting help? Subjects whose layouts adapt against those who keep the default one.

Who is in which group is a hash of the subject (`webapp.subjects`), so a difference between
the groups is an effect of adapting, and of nothing else that the product could have chosen. As in
the audit every figure is a ratio of sums over visits, and people are resampled, not visits.

*Stop rule.* Somebody looks every night, so an interval that is right for one look would be wrong at
one of many. The interval that the rule uses spends a share of ERROR at each look, which sums to
ERROR over all looks without end (`audit_statistics.look_error`) and is divided by the number of
figures; by the union bound it holds at all looks and for all figures at once, with probability
1 − ERROR, whatever the dependence between looks. One may therefore stop at any look.

*Caps.* A subject with more than MOST_VISITS visits or MOST_USES raw uses on one UTC day is taken
for a bot, is left out with all of its visits, and is counted.
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

from ml.evaluation.metrics import visit_values
from ml.evaluation.replay_file import ReplayVisit
from ml.evaluation.statistics import ERROR, MIN_USERS, bootstrap_effects, interval, look_error
from uiengine.page.packing import pack
from uiengine.page.reading_order import complete, default_order
from uiengine.page.surface import Surface

MOST_VISITS, MOST_USES = 100, 1000
"""Of one subject on one UTC day: a visit every five minutes for eight hours, a use every half."""
LATEST_USE = 300.0
"""Seconds to the first use, at most: who goes away with the page open did not search so long."""
DRAWS = 1000
UNEVEN = 0.001
"""Chance below which the sizes of the groups are called uneven."""
GROUPS = ("control", "adapted")


@dataclass(frozen=True)
class TrialVisit:
    """A visit as the site stored it, in time order per subject.

    order: block ids as last shown. uses: raw uses per block. first_use: measured seconds from the
    page's first impression, None where unknown. counts: False for a visit before the trial, which
    only tells what the subject knew.
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
    """numerator / denominator over visits. better: the sign of a good difference (adapted minus
    control); tolerance: what is no harm yet."""

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
    # A default layout never moves, so nobody takes a move back: some undoing is what adapting is.
    Figure("undo_rate", "Moves taken back", "undos a visit", "undos", "visits", -1, 0.02),
)


def compare(
    visits: Sequence[TrialVisit], surface: Surface, *, percent: int, look: int, seed: int = 0
) -> dict[str, Any]:
    """The figures of both groups, their differences with intervals, and what the stop rule says.

    look: 1, 2, …: which look of the trial this is.
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
    """harm: some figure is worse beyond its tolerance; help: time is saved, by either measure, and
    nothing is worse; else go_on. Below MIN_USERS people in a group: too_few."""
    if not rows or min(people.values()) < MIN_USERS:
        return "too_few"
    judged = [(row, row["any_time_interval"]) for row in rows if row["any_time_interval"]]
    if any(_worst_case(row, ends, best=True) < -row["tolerance"] for row, ends in judged):
        return "harm"
    times = [(row, ends) for row, ends in judged if row["name"] in ("seconds_per_use", "first_use")]
    return "help" if any(_worst_case(row, ends, best=False) > 0 for row, ends in times) else "go_on"


def _worst_case(row: Mapping[str, Any], ends: Sequence[float], *, best: bool) -> float:
    """The end of the interval that is worst (or best) for adapting, signed so that more is good."""
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
    """One row per subject with a visit that counts: the sums that the figures are made of."""
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
    """The visits in the shape that the audit prices."""
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
        # The group of number 1 is `adapted`: its effect is its figure minus that of all others.
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
    """Whether the groups' sizes are not those of the share: something loses people of one group."""
    total = sum(people.values())
    if not total or not 0 < expected < 1:
        return False
    return bool(stats.binomtest(people["control"], total, expected).pvalue < UNEVEN)
