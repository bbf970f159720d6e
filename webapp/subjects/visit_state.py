"""Folds events into a subject's state on a surface: finds their visit and applies them.

The functions are pure. The read path folds pending events over a cached state, the worker folds
them into the row, and both get one result.

The profile keeps its state from the start of the visit until the visit closes, so that reloads
within a visit decide alike. Feedback is the exception and takes effect at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from uiengine.behaviour import feedback, profile, profile_json, put_away
from uiengine.behaviour.days import day_of
from uiengine.behaviour.profile import OpenVisit, Profile
from uiengine.page.size_classes import is_size
from uiengine.page.surface import Surface
from webapp.subjects import unlearned
from webapp.subjects.unlearned import Unlearned
from webapp.subjects.visit_events import Happened, LiveVisit, Shown
from webapp.subjects.visit_wishes import (
    FEEDBACK,
    PUT_AWAY,
    give_feedback,
    give_wish,
    is_of_tray,
    is_on,
)


@dataclass
class State:
    """late: uses (block, day) of earlier visits that arrived during this one and count after it;
    unlearned: what the person struck out, None if nothing."""

    profile: Profile = field(default_factory=Profile)
    visit: LiveVisit | None = None
    late: list[tuple[str, int]] = field(default_factory=list)
    unlearned: Unlearned | None = None

    @property
    def last(self) -> int:
        """Time of the latest event, ms; 0 if none."""
        return round(self.profile.last_event * 1000)

    @property
    def open(self) -> LiveVisit | None:
        return self.visit if self.visit and self.visit.is_open else None


@dataclass(frozen=True)
class FoldTarget:
    """The page that events are folded for.

    gap: ms without an event that end a visit; name: makes the id of a visit from the time (ms) of
    the last event before it.
    """

    surface: Surface
    gap: int
    name: Callable[[int], str]

    def day(self, milliseconds: int) -> int:
        """The day of a moment, by the surface's zone."""
        return day_of(milliseconds, self.surface.zone)


@dataclass
class Changes:
    """Effects of folding besides the changed state.

    touched: changed visits by id; closed: visits that closed now, each with the number of visits
    before it; late: uses of earlier visits, as (visit, block, time).
    """

    touched: dict[str, LiveVisit] = field(default_factory=dict)
    closed: list[tuple[int, LiveVisit]] = field(default_factory=list)
    late: list[tuple[str, str, int]] = field(default_factory=list)


Counted = Callable[[str, str], bool]
"""Takes a visit and a block; returns True if the block was already counted in that visit."""


def load(data: Mapping[str, Any]) -> State:
    """The state from the JSON of a profile row; empty for {}."""
    visit = data.get("visit")
    return State(
        profile=profile_json.load(data.get("profile", {})),
        visit=visit and LiveVisit(**{**visit, "order": tuple(visit["order"])}),
        late=[(block, day) for block, day in data.get("late", ())],
        unlearned=unlearned.load(data["unlearned"]) if "unlearned" in data else None,
    )


def dump(state: State) -> dict[str, Any]:
    """Returns JSON values, from which `load` restores the state."""
    visit = state.visit
    return {
        "profile": profile_json.dump(state.profile),
        "visit": visit and {**vars(visit), "order": list(visit.order)},
        "late": [list(pair) for pair in state.late],
        **({"unlearned": vars(state.unlearned)} if state.unlearned else {}),
    }


def settle(state: State, now: int, gap: int, changes: Changes | None = None) -> None:
    """Closes the open visit if it ended before `now`, or if its events are that far ahead of it.

    Events are ahead after a clock that was wrong is put right.
    """
    if state.open and abs(now - state.last) >= gap:
        _close(state, changes)


def current(state: State, target: FoldTarget, now: int) -> tuple[str, int, int]:
    """The visit at `now`: its id, the last event before it (ms), its day. Call `settle` first."""
    if visit := state.open:
        return visit.id, visit.since, visit.day
    return target.name(state.last), state.last, target.day(now)


def fold(
    state: State,
    event: Happened,
    target: FoldTarget,
    counted: Counted,
    changes: Changes | None = None,
) -> str:
    """Folds one event and returns the id of its visit. Events must come in time order.

    What is not learned is passed over as if it had never come.
    """
    changes = changes if changes is not None else Changes()
    if is_unlearned(state, event, event.shown.visit):
        return event.shown.visit
    is_told = event.kind == "resize" and not is_size(target.surface, event.value)
    if is_told or is_of_tray(state.profile, event, target.surface):
        event = replace(event, kind="dwell")  # only tells that something happened
    visit = _locate(state, event, target, changes)
    if visit is None or not visit.is_open:
        visit_id = visit.id if visit else event.shown.visit
        _fold_late(state, event, visit, visit_id, target.day(event.at), counted, changes)
        if visit:
            _advance(state, event.at)
        return visit_id
    _advance(state, event.at)
    changes.touched[visit.id] = visit
    is_newest = event.shown.generation >= state.profile.feedback.generation
    if is_newest or (event.kind in FEEDBACK and not visit.order):
        visit.order, visit.decision = event.shown.order, event.shown.decision
        visit.sizes = event.shown.sizes
    if event.shown.visit == visit.id:
        visit.budget = visit.budget or event.shown.budget
        if visit.is_control is None:
            visit.is_control = event.shown.is_control
        _remember_draw(state, visit, event.shown)
    if event.kind == "use" and not state.profile.feedback.plain:
        if not is_unlearned(state, event, visit.id):
            visit.uses[event.block] = visit.uses.get(event.block, 0) + 1
    elif event.kind == "suggested":
        put_away.remember_suggested(state.profile, event.block, visit.id, visit.day)
    elif event.kind in FEEDBACK:
        give_feedback(state.profile, visit, event, target.surface)
    return visit.id


def is_unlearned(state: State, event: Happened, visit: str) -> bool:
    """True if the person wants nothing kept of the event. visit: the id of its visit."""
    known, at, generation = state.unlearned, event.at, event.shown.generation
    return known is not None and known.leaves_out(event.kind, event.block, visit, at, generation)


def _remember_draw(state: State, visit: LiveVisit, shown: Shown) -> None:
    """Stores the profile of a drawn layout, which only feedback changes until the visit closes."""
    is_as_decided = shown.generation == state.profile.feedback.generation
    if shown.is_drawn and visit.drawn is None and is_as_decided:
        visit.drawn = shown.decision
        visit.before = profile_json.dump(state.profile)


def _locate(
    state: State, event: Happened, target: FoldTarget, changes: Changes
) -> LiveVisit | None:
    """The visit an event belongs to: the current one, a new one, or None for an earlier one."""
    since, visit = event.shown.since, state.visit
    is_over = event.at - state.last >= target.gap
    if visit and visit.is_open and since == visit.since and not is_over:
        return visit
    # A decision of the future was made before a clock was put right; the first event after tells.
    is_newer = since == state.last or state.last < since <= event.at
    if visit is None or is_newer or is_over:
        if state.open:
            _close(state, changes)
        return _open(state, event, target)
    is_current = since == visit.since or event.at >= visit.started
    return visit if is_current else None


def _open(state: State, event: Happened, target: FoldTarget) -> LiveVisit:
    shown = event.shown
    since = max(shown.since, state.last) if shown.since <= event.at else state.last
    if event.at < state.last:  # the clock was put right, and time goes on from here
        state.profile.last_event = event.at / 1000
    today = target.day(event.at)
    is_as_decided = shown.since == since and today - shown.day in (0, 1)
    day = shown.day if is_as_decided else today
    visit = LiveVisit(target.name(since), since, day, event.at, shown.order, sizes=shown.sizes)
    state.profile.before, state.profile.sizes_before = state.profile.order, state.profile.sizes
    state.visit = visit
    return visit


def _close(state: State, changes: Changes | None) -> None:
    visit = state.visit
    assert visit is not None
    visit.is_open = False
    feedback.forget(state.profile)
    profile.show_order(state.profile, visit.order)
    if visit.order:
        profile.show_sizes(state.profile, visit.sizes)
    state.profile.open = OpenVisit(visit.id, visit.day, set(visit.uses))
    number = state.profile.visits
    profile.close_visit(state.profile)
    for block_id, day in state.late:
        profile.add_late_use(state.profile, block_id, day)
    state.late = []
    if changes is not None:
        changes.touched[visit.id] = visit
        changes.closed.append((number, visit))


def _advance(state: State, at: int) -> None:
    state.profile.last_event = max(state.last, at) / 1000


def _fold_late(
    state: State,
    event: Happened,
    visit: LiveVisit | None,
    visit_id: str,
    today: int,
    counted: Counted,
    changes: Changes,
) -> None:
    """Folds an event of a past visit: a use counts once per block, and a wish is still granted.

    today: the day of the event.
    """
    if event.kind in PUT_AWAY | {"pin", "unpin", "freeze", "resize"}:
        give_wish(state.profile, event, event.shown.order, visit_id, today)
    elif event.kind == "suggested":
        put_away.remember_suggested(state.profile, event.block, visit_id, today)
    elif event.kind == "plain":
        feedback.plain(state.profile, on=is_on(event), order=(), visit="")
    if event.kind != "use" or state.profile.feedback.plain:
        return
    if is_unlearned(state, event, visit_id):
        return
    if visit:
        is_counted = event.block in visit.uses
        visit.uses[event.block] = visit.uses.get(event.block, 0) + 1
        changes.touched[visit.id] = visit
    else:
        is_counted = any(late[:2] == (visit_id, event.block) for late in changes.late)
        is_counted = is_counted or counted(visit_id, event.block)
        changes.late.append((visit_id, event.block, event.at))
    if is_counted:
        return
    day = visit.day if visit else today
    if state.open:
        state.late.append((event.block, day))
    else:
        profile.add_late_use(state.profile, event.block, day)
