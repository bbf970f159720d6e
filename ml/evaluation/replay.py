"""Replays visits in time order and records what a policy would have shown at each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ml.data.histories import RecordedVisit, of_different_people, popularity_by_day
from ml.evaluation.shown import Policy, Shown
from ml.progress import Progress
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.behaviour.put_away import remember_suggested
from uiengine.page.layout import pack
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface
from uiengine.request import Request

BIT_BUDGETS = (8, 16, 24, 32, 40, 48, 56, 64)
MOST_TOGETHER = 64
"""Visits that are decided together, at most: networks read many people at less cost each."""


def replay(
    visits: Sequence[RecordedVisit],
    surfaces: Mapping[str, Surface],
    defaults: Mapping[str, Sequence[str]],
    decide: Policy,
    progress: Progress = lambda share, text: None,
    only: frozenset[str] | None = None,
    is_declared: bool = False,
    popularity: Mapping[tuple[str, int], Popularity] | None = None,
    profiles: dict[tuple[str, str], Profile] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yields a line per visit, in time order.

    What a person is shown follows from the page's popularity before that day and their own visits,
    so people may be walked in any groups (`ml.evaluation.replay_shards`), and visits of different
    people are decided together.

    Args:
        only: users to decide for; visits of others only count for the popularity.
        is_declared: the surfaces are as their teams declared them, so lines also hold what the
            moves save and the reasons said.
        popularity: of `popularity_by_day`, where `visits` are not those of everybody.
        profiles: of everybody before, to which the visits are added; None means nobody's.
    """
    known = popularity_by_day(visits) if popularity is None else popularity
    mine = [v for v in visits if only is None or v.user in only]
    profiles = {} if profiles is None else profiles
    boxes, done = _Boxes(), 0
    for some in of_different_people(mine, MOST_TOGETHER):
        requests = [
            Request(
                surface=surfaces[v.surface],
                profile=profiles.setdefault((v.surface, v.user), Profile()),
                popularity=known[v.surface, v.day],
                day=v.day,
                visit=f"{v.surface}\t{v.user}\t{v.at}",
            )
            for v in some
        ]
        begin = time.perf_counter()
        shown = decide(requests)
        each = 1000 * (time.perf_counter() - begin) / len(some)
        for visit, request, made in zip(some, requests, shown, strict=True):
            line = _line(visit, made, boxes.of(request.surface, made), defaults, each)
            yield {**line, **_claims(made)} if is_declared else line
            if made.suggested:
                remember_suggested(request.profile, made.suggested, request.visit, visit.day)
            fold_visit(request.profile, visit.day, visit.blocks, made.order, made.sizes)
        done += len(some)
        progress(done / len(mine), some[0].at)


class _Boxes:
    """Caches packed layouts by surface, order and sizes, as few are shown over and over."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], list[dict[str, Any]]] = {}

    def of(self, surface: Surface, made: Shown) -> list[dict[str, Any]]:
        key = (surface.slug, made.order, *made.sizes.items())
        if key not in self._known:
            placed = pack(surface, made.order, made.sizes).placements[surface.widest.name]
            self._known[key] = [
                {"id": p.id, "x": p.x, "y": p.y, "w": p.w, "h": p.h} for p in placed
            ]
        return self._known[key]


def _line(
    visit: RecordedVisit,
    made: Shown,
    layout: list[dict[str, Any]],
    defaults: Mapping[str, Sequence[str]],
    milliseconds: float,
) -> dict[str, Any]:
    return {
        "user": visit.user,
        "surface": visit.surface,
        "at": visit.at,
        "visit": visit.number,
        "layout": layout,
        "default": list(defaults[visit.surface]),
        "tokens": list(made.tokens),
        "side_bits": made.side_bits,
        "distortion": made.distortion,
        "explored": made.explored,
        "status": made.status,
        "propensity": made.propensity,
        "decide_ms": round(milliseconds, 4),
        **({"expected": made.expected} if made.expected else {}),
        **({"suggested": made.suggested} if made.suggested else {}),
        **({"sizes": dict(made.sizes)} if made.sizes else {}),
    }


def _claims(made: Shown) -> dict[str, Any]:
    reasons = [{"code": r.code, "block": r.block, "values": dict(r.values)} for r in made.reasons]
    return {"saves_seconds": made.saves, "reasons": reasons}


def static_orders(
    surfaces: Mapping[str, Surface], trained: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """Returns the trained default orders, followed by unknown blocks in alphabetical order."""
    orders = {}
    for slug, surface in surfaces.items():
        known = [b for b in trained.get(slug, ()) if b in surface.index]
        orders[slug] = known + sorted(set(surface.index) - set(known))
    return orders


def declared_orders(surfaces: Mapping[str, Surface]) -> dict[str, list[str]]:
    """Returns the default orders of pages as their teams declared them."""
    return {slug: list(default_order(surface)) for slug, surface in surfaces.items()}


def captured_gain(
    lines: Sequence[Mapping[str, Any]], visits: Sequence[RecordedVisit]
) -> dict[str, Any]:
    """Returns (S − P)/(S − C) per surface, over all visits and over each user's first three.

    S, P, C: mean rank of used blocks (per visit, then over visits) under the default, the shown and
    a clairvoyant order. None where no order can gain.
    """
    sums: dict[tuple[str, str], list[float]] = {}
    for line, visit in zip(lines, visits, strict=True):
        ranks = {item["id"]: r for r, item in enumerate(line["layout"])}
        static = {b: r for r, b in enumerate(line["default"])}
        used = len(visit.blocks)
        row = [
            sum(static[b] for b in visit.blocks) / used,
            sum(ranks[b] for b in visit.blocks) / used,
            (used - 1) / 2,
        ]
        for name in ("all", "first_three") if visit.number < 3 else ("all",):
            total = sums.setdefault((visit.surface, name), [0.0, 0.0, 0.0])
            sums[visit.surface, name] = [a + b for a, b in zip(total, row, strict=True)]
    found: dict[str, Any] = {}
    for (surface, name), (static_sum, shown_sum, best_sum) in sorted(sums.items()):
        room = static_sum - best_sum
        gain = round((static_sum - shown_sum) / room, 4) if room > 0 else None
        found.setdefault(surface, {})[name] = gain
    return found
