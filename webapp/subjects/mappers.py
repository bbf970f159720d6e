"""Converts rows of subjects to engine values."""

from __future__ import annotations

from webapp.lib.times import to_milliseconds
from webapp.subjects.models import Event, Profile
from webapp.subjects.visit_events import Happened, Shown
from webapp.subjects.visit_state import State, load


def to_state(row: Profile) -> State:
    """The state of a profile row; empty for a new subject."""
    return load(row.state or {})


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
        sizes=decision.sizes or {},
        budget=decision.budget,
        is_drawn=bool(decision.candidates),
        is_control=None if decision.status == "fallback" else not decision.version,
    )
    return Happened(to_milliseconds(row.happened_at), row.kind, row.block, row.value, shown)
