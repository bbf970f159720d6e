"""Marks: folding passes over what they name as if it had never come, whoever folds it and when."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.webapp.subjects.test_visits import DEFAULT, MINUTE, PLACE, START, SURFACE
from webapp.subjects.unlearned import Unlearned, load, may_learn, merged
from webapp.subjects.visit_events import Happened, Shown
from webapp.subjects.visit_state import State, dump, fold, is_unlearned, settle
from webapp.subjects.visit_state import load as load_state

BLOCKS = list(SURFACE.index)[:4]
KINDS = st.sampled_from(["impression", "use", "dwell", "pin", "unpin", "freeze"])
MARKS = st.builds(
    Unlearned,
    blocks=st.dictionaries(
        st.sampled_from(BLOCKS),
        st.none() | st.tuples(st.integers(0, 400).map(lambda m: START + m * MINUTE), st.just(3)),
    ),
    spans=st.lists(
        st.tuples(st.integers(0, 200), st.integers(200, 400)).map(
            lambda s: (START + s[0] * MINUTE, START + s[1] * MINUTE, 3)
        ),
        max_size=2,
    ),
)


@st.composite
def stories(draw) -> list[Happened]:
    """Events in order of time, each by the decision of a page of then."""
    minutes = sorted(draw(st.lists(st.integers(0, 400), max_size=20)))
    events = []
    for minute in minutes:
        since = draw(st.sampled_from([0, *(START + m * MINUTE for m in minutes if m < minute)]))
        shown = Shown(None, PLACE.name(since), since, 20_000, draw(st.integers(0, 5)), DEFAULT)
        kind, block = draw(KINDS), draw(st.sampled_from(BLOCKS))
        block = "" if kind in ("impression", "freeze") else block
        events.append(Happened(START + minute * MINUTE, kind, block, {}, shown))
    return events


def folded(events: list[Happened], marks: Unlearned | None) -> State:
    state = State(unlearned=marks)
    for event in events:
        fold(state, event, PLACE, lambda visit, block: False)
    settle(state, START + 1000 * MINUTE, PLACE.gap)
    state.unlearned = None
    return state


@given(stories(), MARKS)
def test_folding_with_marks_is_folding_without_what_they_name(events, marks):
    state = State(unlearned=marks)
    kept = [e for e in events if not is_unlearned(state, e, e.shown.visit)]
    assert folded(events, marks) == folded(kept, None)


@given(stories(), st.data())
def test_a_quiet_visit_counts_no_use(events, data):
    names = sorted({e.shown.visit for e in events})
    quiet = data.draw(st.sampled_from(names)) if names else ""
    state = State(unlearned=Unlearned(visits=[quiet]))
    for event in events:
        visit = fold(state, event, PLACE, lambda visit, block: False)
        if visit == quiet and state.open and state.open.id == quiet:
            assert not state.open.uses


@given(MARKS, MARKS)
def test_marks_outlive_json_and_merging(one, other):
    state = State(unlearned=one)
    assert load_state(json.loads(json.dumps(dump(state)))) == state
    both, again = merged(one, other), merged(other, one)
    assert both is not None and again is not None
    assert (both.blocks, sorted(both.spans)) == (again.blocks, sorted(again.spans))
    assert set(one.struck) | set(other.struck) == set(both.struck)
    assert merged(one, None) is one and merged(None, None) is None and load({}) is None


def test_events_of_then_are_known_by_time_and_by_their_decision():
    marks = Unlearned(blocks={"forum": (1000, 5)}, spans=[(100, 200, 5)])
    assert marks.is_forgotten(100, 4) and not marks.is_forgotten(200, 4)
    assert not marks.is_forgotten(150, 5)  # a page of later, by a clock that runs behind
    assert marks.is_struck("forum", "", 999, 4) and not marks.is_struck("forum", "", 1000, 4)
    assert not marks.is_struck("forum", "", 999, 5) and not marks.is_struck("news", "", 1, 0)
    assert may_learn(None, "forum", 1) and may_learn(marks, "forum", 1000)
    assert not may_learn(marks, "forum", 999) and not may_learn(marks, "news", 150)


def test_times_that_overlap_are_one_and_visits_are_bounded():
    marks = Unlearned(
        {"forum": None, "news": (50, 1)}, ["v"] * 60, [(300, 400, 3), (0, 90, 1), (80, 110, 2)]
    )
    marks.tidy()
    assert marks.spans == [(0, 110, 2), (300, 400, 3)]
    assert marks.blocks == {"forum": None, "news": (50, 1)} and len(marks.visits) == 50
