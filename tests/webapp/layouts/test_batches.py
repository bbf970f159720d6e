"""The fast parser of event batches accepts only what the serializers accept, with equal values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from webapp.layouts.events.parse import batch_read, plain_event
from webapp.layouts.serializers import VALUES, EventIn, arrival
from webapp.subjects.models import Event

GOOD: dict[str, Any] = {"id": "e1", "at": "2026-03-02T09:00:00Z", "type": "use", "block": "forum"}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 100_001),
    st.just(10**30),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["a" * 64, "a" * 101, " x ", "ä", "3", "\x00", "x\n"]),
    st.lists(st.integers(), max_size=1),
)
JSON = st.recursive(
    ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
TIMES = st.one_of(
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.datetimes().map(datetime.isoformat),
    st.sampled_from(["2026-W10-1T09:00+00:00", "0001-01-01T00:00+14:00", "2026-03-02", "20260302"]),
    ODD,
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "id": st.one_of(st.sampled_from(["e1", "a b", "e\n"]), ODD),
        "at": TIMES,
        "type": st.one_of(st.sampled_from(Event.Kind.values), ODD),
        "block": st.one_of(st.sampled_from(["forum", ""]), ODD),
        "more": ODD,
        **{name: ODD for name in VALUES},
    },
)


@given(EVENTS)
@settings(max_examples=300, deadline=None)
def test_what_the_plain_pass_takes_the_serializer_takes_with_the_same_values(more):
    event = {**GOOD, **more}

    taken = plain_event(event, UTC)

    if taken is not None:
        slow = EventIn(data=event)
        assert slow.is_valid(), slow.errors
        assert arrival(slow.validated_data) == taken


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_json_is_a_batch_or_refused_by_field(data):
    batch = {"decision": "d", "events": [dict(GOOD), dict(GOOD)]}
    spoil = data.draw(st.sampled_from([batch, batch["events"][1]]))
    spoil[data.draw(st.sampled_from([*spoil, *VALUES]))] = data.draw(JSON)
    for sent in (batch, data.draw(JSON)):
        try:
            decision, events = batch_read(sent)
        except ValidationError as error:
            assert error.detail
        else:
            assert decision and 1 <= len(events) <= 100
            assert all(0 < len(e.id) <= 64 and e.at.tzinfo for e in events)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"type": "impression", "block": ""},
        {"type": "move", "rank": 3},
        {"type": "pin", "breakpoint": "lg", "x": 0, "y": 100_000, "w": 1, "h": 1},
        {"type": "dwell", "ms": 1500},
        {"type": "freeze", "on": False},
    ],
)
def test_what_our_client_sends_takes_the_plain_pass(more):
    assert plain_event({**GOOD, **more}, UTC) is not None


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"ms": -1}, "ms"),
        ({"type": "move"}, "rank"),
        ({"at": "2026-03-02T25:00Z"}, "at"),
        ({"block": "x" * 101}, "block"),
    ],
)
def test_a_mistake_is_told_by_the_serializers(event, field):
    with pytest.raises(ValidationError) as error:
        batch_read({"decision": "d", "events": [GOOD, {**GOOD, **event}]})

    assert list(error.value.detail["events"][1]) == [field]


def test_odd_but_right_values_are_taken_by_the_serializers():
    decision, (arrived,) = batch_read({"decision": " d ", "events": [{**GOOD, "ms": "15"}]})

    assert (decision, arrived.value) == ("d", {"ms": 15})
