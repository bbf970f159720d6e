"""Converts rows of subjects to engine values and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uiengine.behaviour import profile_json
from webapp.lib.times import to_milliseconds
from webapp.subjects.models import Event, Profile
from webapp.subjects.visit_state import Happened, LiveVisit, Shown, State


def to_state(row: Profile) -> State:
    """The state of a profile row; empty for a new subject."""
    return to_state_of(row.state or {})


def to_state_of(data: Mapping[str, Any]) -> State:
    """The state from the JSON of a profile row."""
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
    """The value to fold from an event row, whose decision is selected."""
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
