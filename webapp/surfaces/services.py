"""Saves surfaces and counts the popularity of their blocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from uiengine.behaviour.popularity import NEWCOMER_VISITS
from uiengine.errors import SurfaceError
from uiengine.page import feasibility, surface_json
from webapp.lib import database
from webapp.surfaces.models import MOST_CONTROL, MOST_REVISION, MOST_TITLE, PopularityDay, Surface
from webapp.surfaces.site_order import refuse_contradictions

COLUMNS = ("slug", "revision", "mode", "control_percent")

DUST = 1e-9
"""Shares below it are what is left of sums of thirds after taking them out."""


@database.atomic
def surface_save(data: Mapping[str, Any], *, read_revision: int | None = None) -> Surface:
    """Creates or edits the surface of `data["slug"]`; a changed definition raises its revision.

    read_revision: the revision that `data` was made from; None replaces any.

    Raises uiengine.errors.SurfaceError for the first mistake, or if no layout satisfies the rules,
    or if another surface shows marked blocks the other way round, or if the surface is no longer at
    `read_revision`.
    """
    surface = surface_json.parse(data)
    feasibility.refuse_impossible(surface)
    check_columns(data)
    refuse_contradictions(surface, Surface.others(slug=surface.slug))
    definition = {k: v for k, v in data.items() if k not in COLUMNS}
    row = Surface.objects.select_for_update().filter(slug=data["slug"]).first()
    if read_revision is not None:
        _refuse_changed(row, read_revision)
    if row is None:
        return Surface.objects.create(
            slug=data["slug"],
            title=str(data.get("title", "")),
            mode=data.get("mode", Surface.Mode.LIVE),
            revision=data.get("revision", 1),
            definition=definition,
            **{"control_percent": data["control_percent"]} if "control_percent" in data else {},
        )
    if row.definition != definition:
        row.definition, row.revision = definition, row.revision + 1
    row.title = str(data.get("title", row.title))
    row.mode = data.get("mode", row.mode)
    row.control_percent = data.get("control_percent", row.control_percent)
    row.save()
    return row


def _refuse_changed(row: Surface | None, revision: int) -> None:
    """Raises SurfaceError where others saved the surface since it was read at `revision`."""
    now = row.revision if row else 0
    if now != revision:
        step = "Look at the page as it is now, and change that."
        raise SurfaceError("revision", revision, f"is not the page's, {now}", step)


def check_columns(data: Mapping[str, Any]) -> None:
    """Checks the values that the engine does not know against their columns. Raises
    SurfaceError."""
    title, percent = data.get("title", ""), data.get("control_percent", 0)
    if not isinstance(title, str) or len(title) > MOST_TITLE:
        raise SurfaceError("title", title, "is no text or too long", f"{MOST_TITLE} characters.")
    is_whole = isinstance(percent, int) and not isinstance(percent, bool)
    if not is_whole or not 0 <= percent <= MOST_CONTROL:
        raise SurfaceError(
            "control_percent", percent, "is not in range", f"A whole number, 0 to {MOST_CONTROL}."
        )
    if data.get("revision", 1) > MOST_REVISION:
        raise SurfaceError(
            "revision", data["revision"], "is too large", f"{MOST_REVISION} at most: edits add one."
        )


class CountedVisit(NamedTuple):
    """A closed visit.

    number: its subject's visits before it; blocks: those it used; is_first: it is its subject's
    first of the period (`uiengine.behaviour.popularity.first_in_period`).
    """

    number: int
    blocks: Iterable[str]
    is_first: bool = False


@dataclass
class DayCount:
    """What a day's popularity gains: visits, people, and by block shares of visits."""

    visits: int = 0
    people: int = 0
    shares: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    newcomers: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, visit: CountedVisit, sign: int = 1) -> None:
        """Counts a visit; sign -1 takes one out again."""
        used = set(visit.blocks)
        self.visits += sign
        self.people += sign * visit.is_first
        for block_id in used:
            self.shares[block_id] += sign / len(used)
            if visit.number < NEWCOMER_VISITS:
                self.newcomers[block_id] += sign / len(used)


def popularity_add(surface_id: int, day: int, visits: Iterable[CountedVisit]) -> None:
    """Adds visits to a day's row. Must be called inside a transaction."""
    count = DayCount()
    for visit in visits:
        count.add(visit)
    popularity_change(surface_id, day, count)


def popularity_change(surface_id: int, day: int, count: DayCount) -> None:
    """Adds a count to a day's row. Must be called inside a transaction, as its last lock."""
    PopularityDay.objects.get_or_create(surface_id=surface_id, day=day)
    row = PopularityDay.objects.select_for_update().get(surface_id=surface_id, day=day)
    row.visits += count.visits
    row.people += count.people
    row.shares = _sum(row.shares, count.shares)
    row.newcomers = _sum(row.newcomers, count.newcomers)
    row.save()


def _sum(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Block by block; what is taken out again leaves no dust of rounding."""
    sums = {b: one.get(b, 0) + other.get(b, 0) for b in sorted({*one, *other})}
    return {b: share for b, share in sums.items() if abs(share) > DUST}
