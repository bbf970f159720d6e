"""Rows to engine values and back. No other module builds engine values from rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from uiengine import popularity, profile_json, surface_json
from uiengine.popularity import Popularity
from uiengine.profile import SECONDS_PER_DAY
from uiengine.surface import Surface
from webapp.subjects.models import Event, Profile
from webapp.subjects.visits import Happened, LiveVisit, Shown, State
from webapp.surfaces import models as surfaces

POPULARITY_DAYS = 120
"""Days of popularity rows that are read; 2^(−120/15) of a visit is left after that."""


def to_milliseconds(at: datetime) -> int:
    """Since 1970, UTC."""
    return round(at.timestamp() * 1000)


def to_day(milliseconds: int) -> int:
    """Whole UTC days since 1970."""
    return milliseconds // (SECONDS_PER_DAY * 1000)


def to_surface(row: surfaces.Surface) -> Surface:
    return surface_json.parse(row.full_definition())


def to_popularity(rows: Iterable[surfaces.PopularityDay], day: int) -> Popularity:
    """The surface's popularity as of the start of `day`, from the rows of earlier days."""
    total = Popularity()
    for row in sorted(rows, key=lambda r: r.day):
        if row.day < day:
            total = popularity.fold_day(total, row.day, row.shares, row.visits, row.newcomers)
    return popularity.advance(total, day)


def to_state(row: Profile) -> State:
    """The state of a profile row; an empty one for a new subject."""
    return to_state_of(row.state or {})


def to_state_of(data: Mapping[str, Any]) -> State:
    """The state in the JSON of a profile row."""
    visit = data.get("visit")
    return State(
        profile=profile_json.load(data.get("profile", {})),
        visit=visit and LiveVisit(**{**visit, "order": tuple(visit["order"])}),
        late=[(block, day) for block, day in data.get("late", ())],
    )


def from_state(state: State) -> dict[str, Any]:
    visit = state.visit
    return {
        "profile": profile_json.dump(state.profile),
        "visit": visit
        and {
            "id": visit.id,
            "since": visit.since,
            "day": visit.day,
            "started": visit.started,
            "order": list(visit.order),
            "uses": visit.uses,
            "is_open": visit.is_open,
            "decision": visit.decision,
            "budget": visit.budget,
            "drawn": visit.drawn,
            "before": visit.before,
            "is_control": visit.is_control,
        },
        "late": [list(pair) for pair in state.late],
    }


def to_happened(row: Event) -> Happened:
    """An event row (with its decision selected) as what is folded."""
    decision = row.decision
    shown = Shown(
        decision=decision.pk,
        visit=decision.visit,
        since=decision.since,
        day=decision.day,
        generation=decision.generation,
        order=tuple(decision.order),
        budget=decision.budget,
        is_drawn=bool(decision.candidates),
        is_control=None if decision.status == "fallback" else not decision.version,
    )
    return Happened(to_milliseconds(row.happened_at), row.kind, row.block, row.value, shown)
