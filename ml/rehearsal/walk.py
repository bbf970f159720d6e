"""Walks through visits under a policy, and sums up what it would have meant for each person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ml.data.histories import RecordedVisit
from ml.evaluation.metrics import COLD_VISITS
from ml.evaluation.pricing import visit_values
from ml.evaluation.replay import replay
from ml.evaluation.replay_file import ReplayVisit, instant
from ml.evaluation.shown import Policy
from ml.progress import Progress
from uiengine.page.reading_order import apply_pins, default_order
from uiengine.page.surface import Surface

RANKS = ("rank_today", "rank_shown", "rank_best")
SUMMED = ("visits", "uses", "policy_seconds", "default_seconds", "moved", *RANKS)
FIRST = "_first"
"""Ends the names of the columns that count a person's first visits alone."""


def within_rules(decide: Policy, surface: Surface) -> Policy:
    """The policy with the page's pins and groups held in place, as any policy has to."""
    return lambda requests: [
        replace(shown, order=apply_pins(surface, shown.order, {})) for shown in decide(requests)
    ]


def walked(
    visits: Sequence[RecordedVisit],
    surface: Surface,
    decide: Policy,
    users: frozenset[str],
    progress: Progress,
) -> pd.DataFrame:
    """Returns a row per visit of `users`, in time order; visits of others count as history alone.

    Beside the columns of `visit_values` are the mean ranks of the used blocks on today's page, as
    shown, and in the order that would have been best for the visit.
    """
    used = {(v.user, v.at): v.blocks for v in visits if v.user in users}
    today = {surface.slug: default_order(surface)}
    pages, ranks = {surface.slug: surface}, list[tuple[float, ...]]()

    def replayed() -> Iterator[ReplayVisit]:
        for line in replay(visits, pages, today, decide, progress, only=users):
            visit = _visit(line, used[line["user"], line["at"]])
            ranks.append(_ranks(visit))
            yield visit

    values = visit_values(replayed(), pages)
    values[list(RANKS)] = np.array(ranks, dtype=np.float64).reshape(-1, len(RANKS))
    return values


def _visit(line: Mapping[str, object], blocks: tuple[str, ...]) -> ReplayVisit:
    boxes: dict[str, tuple[int, int, int, int]] = {
        item["id"]: (item["x"], item["y"], item["w"], item["h"])
        for item in line["layout"]  # type: ignore[attr-defined] # a line of `replay`
    }
    return ReplayVisit(
        user=str(line["user"]),
        surface=str(line["surface"]),
        instant=instant(str(line["at"])),
        visit=int(str(line["visit"])),
        layout=boxes,
        default=tuple(line["default"]),  # type: ignore[arg-type]
        blocks=blocks,
        tokens=0,
        distortion=None,
        explored=bool(line["explored"]),
        status=str(line["status"]),
    )


def _ranks(visit: ReplayVisit) -> tuple[float, float, float]:
    today = {block: rank for rank, block in enumerate(visit.default)}
    shown = {block: rank for rank, block in enumerate(visit.layout)}
    used = len(visit.blocks)
    now, then = (sum(ranks[b] for b in visit.blocks) / used for ranks in (today, shown))
    return now, then, (used - 1) / 2


def person_sums(values: pd.DataFrame) -> pd.DataFrame:
    """Sums the visits of each person, ordered by name: all of them, and the first three."""
    rows = values[["user", *SUMMED]].copy()
    is_first = values["visit"] < COLD_VISITS
    for name in SUMMED:
        rows[name + FIRST] = values[name].where(is_first, 0.0)
    return rows.groupby("user", sort=True).sum()
