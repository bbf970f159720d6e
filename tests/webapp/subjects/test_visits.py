"""Folding as pure values, without a database: the visit an event belongs to, and its effect."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uiengine.behaviour.days import DAY_MS as DAY
from uiengine.page.reading_order import default_order
from uiengine.page.surface_json import parse
from webapp.subjects.visit_events import Happened, Shown
from webapp.subjects.visit_state import (
    Changes,
    FoldTarget,
    State,
    current,
    fold,
    settle,
)

COURSE = Path(__file__).parents[3] / "fixtures" / "surfaces" / "course_home.json"
SURFACE = parse(json.loads(COURSE.read_text()))
DEFAULT = default_order(SURFACE)
MINUTE = 60_000
START = 20_000 * DAY + 9 * 60 * MINUTE
PLACE = FoldTarget(SURFACE, 30 * MINUTE, lambda since: f"after {since}")


class Story:
    """A subject's events, timed in minutes after START."""

    def __init__(self) -> None:
        self.state, self.changes = State(), Changes()
        self.counted: set[tuple[str, str]] = set()

    def shown(self, minute: float = 0, order=DEFAULT) -> Shown:
        """Returns the decision that a read at this minute would give."""
        settle(self.state, START + int(minute * MINUTE), PLACE.gap, self.changes)
        visit, since, day = current(self.state, PLACE, START + int(minute * MINUTE))
        generation = self.state.profile.feedback.generation
        return Shown(None, visit, since, day, generation, tuple(order))

    def tell(self, minute: float, kind: str, block: str = "", shown: Shown | None = None, **value):
        shown = shown or self.shown(minute)
        event = Happened(START + int(minute * MINUTE), kind, block, value, shown)
        return fold(self.state, event, PLACE, lambda *key: key in self.counted, self.changes)

    def end(self, minute: float) -> None:
        settle(self.state, START + int(minute * MINUTE), PLACE.gap, self.changes)


def test_reads_that_write_nothing_agree_on_the_visit():
    story = Story()
    assert story.shown(0) == story.shown(20)
    assert story.shown(0).visit == "after 0"


def test_the_first_event_opens_the_visit_and_silence_ends_it():
    story = Story()
    assert story.tell(0, "use", "forum") == story.tell(29, "use", "quiz") == "after 0"
    assert story.shown(58).visit == "after 0"
    assert story.shown(59).visit == f"after {START + 29 * MINUTE}"


def test_a_block_counts_once_per_visit_and_from_the_next_one_on():
    story = Story()
    for minute in (0, 1, 2):
        story.tell(minute, "use", "forum")
    assert story.state.profile.blocks == {}
    assert story.state.visit.uses == {"forum": 3}

    story.end(40)

    assert story.state.profile.blocks["forum"].uses == 1
    assert story.state.profile.visits == 1
    assert [(n, visit.id) for n, visit in story.changes.closed] == [(0, "after 0")]


def test_a_page_left_open_begins_a_new_visit_with_what_it_shows():
    story = Story()
    left_open = story.shown(0, order=DEFAULT[::-1])
    story.tell(0, "use", "forum", left_open)

    visit = story.tell(120, "use", "quiz", left_open)

    assert visit == f"after {START}"
    assert story.state.visit.order == DEFAULT[::-1]
    assert story.state.profile.visits == 1


def test_a_late_event_of_the_same_visit_counts_after_the_visit_was_closed():
    story = Story()
    shown = story.shown(0)
    story.tell(0, "use", "forum", shown)
    story.tell(10, "use", "forum", shown)
    story.end(60)

    assert story.tell(5, "use", "quiz", shown) == "after 0"
    assert story.tell(6, "use", "forum", shown) == "after 0"

    blocks = story.state.profile.blocks
    assert (blocks["quiz"].uses, blocks["forum"].uses) == (1, 1)
    assert story.state.profile.visits == 1


def test_a_late_event_of_an_earlier_visit_waits_for_the_open_one_to_close():
    story = Story()
    first = story.shown(0)
    story.tell(0, "use", "forum", first)
    story.tell(60, "use", "quiz")
    before = story.state.profile.blocks["forum"].uses

    story.tell(1, "use", "glossary", first)
    story.counted.add(("after 0", "forum"))
    story.tell(2, "use", "forum", first)

    assert "glossary" not in story.state.profile.blocks
    assert {late[:2] for late in story.changes.late} == {
        ("after 0", "glossary"),
        ("after 0", "forum"),
    }
    story.end(120)
    assert story.state.profile.blocks["glossary"].uses == 1
    assert story.state.profile.blocks["forum"].uses == before


def test_the_last_layout_is_that_of_the_latest_event():
    story = Story()
    story.tell(0, "impression", shown=story.shown(0, order=DEFAULT[::-1]))
    assert story.state.profile.order == ()

    story.end(40)

    assert story.state.profile.order == DEFAULT[::-1]


def test_the_day_is_that_of_the_decision_even_past_midnight():
    story = Story()
    midnight = (24 - 9) * 60
    shown = story.shown(midnight - 1)
    story.tell(midnight + 1, "use", "forum", shown)

    assert story.state.visit.day == START // DAY
    assert story.shown(midnight + 2).day == START // DAY


def test_wishes_hold_what_is_shown():
    story = Story()
    shown = story.shown(0, order=DEFAULT[::-1])
    story.tell(0, "impression", shown=shown)

    story.tell(1, "pin", DEFAULT[3], shown)

    feedback = story.state.profile.feedback
    assert feedback.override == DEFAULT[::-1]
    assert feedback.pins[DEFAULT[3]].rank == len(DEFAULT) - 4
    assert feedback.generation == 1


def test_events_that_carry_a_layout_from_before_a_wish_do_not_bring_it_back():
    story = Story()
    shown = story.shown(0)
    story.tell(0, "move", DEFAULT[5], shown, rank=1)
    moved = story.state.visit.order

    story.tell(1, "use", "forum", shown)

    assert story.state.visit.order == moved != DEFAULT
    story.end(60)
    assert story.state.profile.order == moved


@pytest.mark.parametrize("kind", ["undo", "reset"])
def test_undo_and_reset_of_a_first_visit_return_to_the_default(kind):
    story = Story()
    shown = story.shown(0, order=DEFAULT[::-1])
    story.tell(0, "impression", shown=shown)
    story.tell(1, kind, shown=shown)

    assert story.state.visit.order == DEFAULT


def test_a_pin_of_an_earlier_visit_is_granted_and_a_move_is_not():
    story = Story()
    first = story.shown(0)
    story.tell(0, "impression", shown=first)
    story.tell(60, "impression")
    story.tell(1, "pin", DEFAULT[2], first)
    story.tell(2, "move", DEFAULT[3], first, rank=0)

    assert list(story.state.profile.feedback.pins) == [DEFAULT[2]]
    assert story.state.visit.order == DEFAULT


WISHES = st.tuples(
    st.sampled_from(["pin", "unpin", "move", "reset"]),
    st.sampled_from(DEFAULT),
    st.integers(0, len(DEFAULT)),
)


@given(st.lists(WISHES, min_size=1, max_size=8))
def test_undo_takes_back_one_wish_at_a_time_the_last_one_first(wishes):
    story = Story()
    story.tell(0, "impression", shown=story.shown(0, order=DEFAULT[::-1]))
    order, stood = DEFAULT[::-1], []

    def standing():
        profile = story.state.profile
        return order, dict(profile.feedback.pins), profile.order, dict(profile.familiarity)

    def tell(minute, kind, block="", **value):
        nonlocal order
        generation = story.state.profile.feedback.generation
        story.tell(minute, kind, block, story.shown(minute, order=order), **value)
        order = story.state.visit.order
        return story.state.profile.feedback.generation - generation

    for minute, (kind, block, rank) in enumerate(wishes):
        stood.append(standing())
        assert tell(minute, kind, block, rank=rank) == 1
    for before in reversed(stood):
        assert tell(10, "undo") == 1
        assert standing() == before
    assert story.state.profile.feedback.undone == ()

    assert tell(11, "undo") == 1, "then what the engine moved, which it may not propose again"
    assert order == DEFAULT and story.state.profile.feedback.undone
    assert tell(12, "undo") == 0, "then there is nothing"
    assert order == DEFAULT


def test_wishes_of_a_visit_that_is_over_are_not_taken_back():
    story = Story()
    story.tell(0, "pin", DEFAULT[2])
    story.tell(60, "impression")
    story.tell(61, "undo")

    assert list(story.state.profile.feedback.pins) == [DEFAULT[2]]
    assert story.state.visit.order == DEFAULT
