"""Prices visits that happened against the default layout, in modelled seconds.

Familiarity follows from each person's own visits to the page, as in the audit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from ml.evaluation.pricing import visit_values
from ml.evaluation.replay_file import Box, ReplayVisit
from uiengine.page.layout import pack
from uiengine.page.reading_order import complete, default_order
from uiengine.page.surface import Surface


@dataclass(frozen=True)
class Happened:
    """One visit. order: as shown; is_judged: False if it only counts as history."""

    user: str
    at: datetime
    order: Sequence[str]
    blocks: Sequence[str]
    is_judged: bool


@dataclass(frozen=True)
class Cost:
    """Seconds above the default's, as a share of them; None if no visit was judged."""

    visits: int
    excess: float | None


def live_cost(visits: Iterable[Happened], surface: Surface) -> Cost:
    """Prices visits. visits: all visits of the chosen people, in time order."""
    boxes: dict[tuple[str, ...], dict[str, Box]] = {}
    numbers: dict[str, int] = {}
    rows, judged = [], []
    for visit in visits:
        blocks = tuple(sorted(b for b in visit.blocks if b in surface.index))
        if not blocks:
            continue
        order = complete(surface, tuple(visit.order)) if visit.order else default_order(surface)
        if order not in boxes:
            placed = pack(surface, order).placements[surface.widest.name]
            boxes[order] = {p.id: (p.x, p.y, p.w, p.h) for p in placed}
        number = numbers.get(visit.user, 0)
        numbers[visit.user] = number + 1
        rows.append(_row(visit, surface, boxes[order], blocks, number))
        judged.append(visit.is_judged)
    if not any(judged):
        return Cost(0, None)
    values = visit_values(rows, {surface.slug: surface})[pd.Series(judged)]
    default = float(values["default_seconds"].sum())
    return Cost(len(values), float(values["extra_seconds"].sum()) / default)


def _row(
    visit: Happened, surface: Surface, layout: dict[str, Box], blocks: tuple[str, ...], number: int
) -> ReplayVisit:
    return ReplayVisit(
        user=visit.user,
        surface=surface.slug,
        instant=visit.at,
        visit=number,
        layout=layout,
        default=default_order(surface),
        blocks=blocks,
        tokens=0,
        distortion=None,
        explored=False,
        status="adapted",
    )
