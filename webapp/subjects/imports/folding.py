"""Visits of files, and how they are folded into the states of profiles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from uiengine.behaviour import profile as profiles
from webapp.subjects import mappers
from webapp.subjects.models import Profile
from webapp.subjects.visit_state import State

ClosedVisit = tuple[float, int, tuple[str, ...], tuple[str, ...]]
"""Seconds since 1970, day, used blocks, order as shown."""


@dataclass(frozen=True)
class FileVisit:
    """A visit read from a file. id: derived from the time in the file, not the moved time."""

    id: str
    seconds: float
    day: int
    uses: dict[str, int]


def refolded(row: Profile, history: Iterable[ClosedVisit]) -> State:
    """The row's state with its visits folded anew; feedback and an open visit stay."""
    state = mappers.to_state(row) if row.state else State()
    kept = state.profile
    state.profile = profiles.Profile(feedback=kept.feedback)
    if state.visit:  # of events on the page itself; times of files are all in `history`
        state.profile.last_event = kept.last_event
    state.profile.order, state.profile.before = kept.order, kept.before
    return folded(state, history)


def folded(state: State, history: Iterable[ClosedVisit]) -> State:
    """The state, changed in place, with further visits; the layouts it was shown stay the last."""
    shown = state.profile.order, state.profile.before
    for seconds, day, blocks, order in sorted(history):
        profiles.fold_visit(state.profile, day, blocks, order)
        state.profile.last_event = max(state.profile.last_event, seconds)
    if any(shown):  # no visit of a file showed a layout later than those of the live profile
        state.profile.order, state.profile.before = shown
    return state
