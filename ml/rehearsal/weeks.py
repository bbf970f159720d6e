"""One week each of three people: the page before, the page as it would have been, and why.

The three are those at a tenth, at the half and at nine tenths of the people by time saved, so that
one who is served badly is drawn as well as one who is served well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from ml.data.histories import RecordedVisit
from ml.evaluation.reading import read_alike
from ml.evaluation.replay import replay
from ml.evaluation.shown import Policy, Shown
from uiengine.decision import Decision
from uiengine.engine import choose
from uiengine.explain import sentence
from uiengine.model.version import CodebookVersion
from uiengine.page.layout import Placement
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface
from uiengine.request import Request

PLACES = (("most", 0.9), ("middle", 0.5), ("least", 0.1))
"""Names, and shares of the people who are helped less."""
LEAST_VISITS = 4
"""Visits that a drawn person has at least, if anybody has."""
MOST_VISITS = 7
"""Visits of a week that are listed."""
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Week:
    """A person's fullest week. placed: by the engine at its last visit, at the widest breakpoint.

    saved: share of the seconds of all the person's visits.

    uses: visits of the week in which each block was used.
    visits: the first of the week, each with its time, the used blocks (title, and place from 1 on
    today's page and on the engine's) and the modelled seconds saved. more: visits not listed.
    """

    user: str
    place: str
    saved: float
    placed: tuple[Placement, ...]
    reasons: tuple[str, ...]
    uses: dict[str, int]
    visits: list[dict[str, Any]]
    more: int


def weeks(
    values: pd.DataFrame,
    visits: Sequence[RecordedVisit],
    surface: Surface,
    version: CodebookVersion,
) -> list[Week]:
    """values: the visits under the engine (`walk.walked`), of everybody who is judged."""
    chosen = _chosen(values)
    made: dict[str, Decision] = {}
    pages, today = {surface.slug: surface}, {surface.slug: default_order(surface)}
    users = frozenset(user for _, user in chosen)
    for _ in replay(visits, pages, today, _kept(version, made), only=users):
        pass
    at = {(v.user, v.number): v for v in visits if v.user in users}
    return [_week(values[values["user"] == user], place, at, surface, made)
            for place, user in chosen]  # fmt: skip


def _chosen(values: pd.DataFrame) -> list[tuple[str, str]]:
    """The three people, or fewer, as (place, user)."""
    sums = values.groupby("user")[["saved_seconds", "default_seconds", "visits"]].sum()
    often = sums[sums["visits"] >= LEAST_VISITS]
    sums = often if len(often) else sums
    share = (sums["saved_seconds"] / sums["default_seconds"]).sort_values(kind="stable")
    users = [str(user) for user in share.index]
    found: dict[str, str] = {}
    for place, part in PLACES:
        user = users[min(int(part * len(users)), len(users) - 1)]
        found.setdefault(user, place)
    return [(place, user) for user, place in found.items()]


def _kept(version: CodebookVersion, made: dict[str, Decision]) -> Policy:
    """The engine as it serves, which keeps each decision by the visit's name."""

    def decide(requests: Sequence[Request]) -> list[Shown]:
        for request, prediction in zip(requests, read_alike(version, requests), strict=True):
            made[request.visit] = choose(request, prediction, version.id)
        return [Shown(made[r.visit].layout.order, status=made[r.visit].status) for r in requests]

    return decide


def _week(
    mine: pd.DataFrame,
    place: str,
    at: dict[tuple[str, int], RecordedVisit],
    surface: Surface,
    made: dict[str, Decision],
) -> Week:
    user = str(mine["user"].iloc[0])
    times = [datetime.fromisoformat(str(t)) for t in mine["instant"]]
    counts = [sum(begin <= t < begin + WEEK for t in times) for begin in times]
    begin = times[counts.index(max(counts))]
    rows = [row for row, t in zip(mine.itertuples(), times, strict=True)
            if begin <= t < begin + WEEK]  # fmt: skip
    recorded = [at[user, int(str(row.visit))] for row in rows]
    shown = [_shown(row, v, surface, made) for row, v in zip(rows, recorded, strict=True)]
    last = made[_name(recorded[-1])]
    return Week(
        user=user,
        place=place,
        saved=float(mine["saved_seconds"].sum() / mine["default_seconds"].sum()),
        placed=last.layout.placements[surface.widest.name],
        reasons=tuple(sentence(reason) for reason in last.reasons),
        uses=dict(Counter(block for visit in recorded for block in visit.blocks)),
        visits=shown[:MOST_VISITS],
        more=max(len(shown) - MOST_VISITS, 0),
    )


def _name(visit: RecordedVisit) -> str:
    """As `replay` names a visit in its requests."""
    return f"{visit.surface}\t{visit.user}\t{visit.at}"


def _shown(
    row: Any, visit: RecordedVisit, surface: Surface, made: dict[str, Decision]
) -> dict[str, Any]:
    today = {block: rank + 1 for rank, block in enumerate(default_order(surface))}
    then = {block: rank + 1 for rank, block in enumerate(made[_name(visit)].layout.order)}
    return {
        "at": str(row.instant),
        "visit": visit.number + 1,
        "used": [
            {"title": surface.block(b).title, "today": today[b], "shown": then[b]}
            for b in visit.blocks
        ],
        "saved_seconds": round(float(row.saved_seconds), 3),
    }
