"""Applies a person's wishes: pins, moves, sizes, what is put away, undo and reset."""

from __future__ import annotations

from uiengine.behaviour import feedback, put_away
from uiengine.behaviour.profile import Pin, Profile, undoes
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface
from uiengine.put_away import folded_and_tray, on_page
from webapp.subjects.visit_events import Happened, LiveVisit

PUT_AWAY = frozenset({"fold", "put_away", "bring_back", "decline"})
FEEDBACK = PUT_AWAY | {"pin", "unpin", "move", "resize", "undo", "freeze", "plain", "reset"}
PLACING = frozenset({"pin", "move"})
UNDOABLE = FEEDBACK - {"undo", "freeze", "plain", "decline"}


def is_of_tray(state: Profile, event: Happened, surface: Surface) -> bool:
    """True for a place given to a block in the tray: another tab put it away meanwhile."""
    return event.kind in PLACING and event.block in folded_and_tray(surface, state.feedback)[1]


def give_feedback(state: Profile, visit: LiveVisit, event: Happened, surface: Surface) -> None:
    """Applies feedback at once; the rest of the shown order stays until the visit ends."""
    default = default_order(surface)
    if event.kind in UNDOABLE:
        feedback.remember(state, visit.order, visit.sizes)
    state.feedback.override_sizes = visit.sizes
    if event.kind == "move":
        rank = int(event.value.get("rank", 0))
        feedback.move(state, event.block, rank, order=visit.order, visit=visit.id)
    elif event.kind == "undo":
        if event.shown.generation < state.feedback.generation:
            return  # another tab's wish came between, which this page does not show
        before = on_page(state.before or default, surface, state.feedback)
        order, sizes, was = visit.order, visit.sizes, state.sizes_before
        if undoes(state, order=order, before=before, sizes=sizes, sizes_before=was) == "nothing":
            return
        feedback.undo(state, order=order, before=before, visit=visit.id, day=visit.day, sizes=sizes)
    elif event.kind == "plain":
        order = default if is_on(event) else visit.order
        feedback.plain(state, on=is_on(event), order=order, visit=visit.id)
    elif event.kind == "reset":
        feedback.reset(state, default=default, visit=visit.id)
    else:
        order = give_wish(state, event, visit.order, visit.id, visit.day)
        state.feedback.override, state.feedback.override_visit = order, visit.id
    visit.order, visit.sizes = state.feedback.override, state.feedback.override_sizes


def give_wish(
    state: Profile, event: Happened, order: tuple[str, ...], visit: str, day: int
) -> tuple[str, ...]:
    """Applies wishes that need no open visit: pin, unpin, freeze, resize and PUT_AWAY; returns the
    order after.

    visit, day: of the wish.
    """
    if event.kind == "put_away":
        return put_away.put_away(state, event.block, order, visit, day)
    if event.kind == "bring_back":
        return put_away.bring_back(state, event.block, order)
    if event.kind == "fold":
        return put_away.fold(state, event.block, order)
    if event.kind == "decline":
        put_away.decline(state, event.block, visit, day)
    else:
        _keep_still(state, event, order)
    return order


def _keep_still(state: Profile, event: Happened, order: tuple[str, ...]) -> None:
    """Applies pin, unpin and freeze."""
    value = event.value
    if event.kind == "freeze":
        feedback.freeze(state, on=is_on(event))
    elif event.kind == "unpin":
        feedback.unpin(state, event.block)
    elif event.kind == "resize":
        feedback.resize(state, event.block, value["breakpoint"], value["w"], value["h"])
    elif event.block in order:
        target = Pin(
            rank=int(value.get("rank", order.index(event.block))),
            breakpoint=str(value.get("breakpoint", "")),
            x=int(value.get("x", 0)),
            y=int(value.get("y", 0)),
        )
        feedback.pin(state, event.block, target)


def is_on(event: Happened) -> bool:
    """Returns False if a freeze or plain order is lifted."""
    return bool(event.value.get("on", True))
