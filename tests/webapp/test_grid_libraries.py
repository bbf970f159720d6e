"""Payloads load unchanged into the real react-grid-layout and gridstack under node.

`python -m tests.evidence.guardrails` does this for 10,000 random people.
"""

from __future__ import annotations

import os
from itertools import pairwise

import pytest

from tests.evidence import grid_libraries
from tests.evidence.payloads import payload_of
from tests.evidence.random_users import random_cases
from uiengine import engine
from uiengine.behaviour.profile import Pin
from uiengine.guardrails import check

PEOPLE = 200


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """Installs the libraries; skips without node, except in CI, where everything must be there."""
    absent = grid_libraries.missing()
    if absent and not os.environ.get("CI"):
        pytest.skip(f"{absent} not found: the grid libraries were not asked")
    grid_libraries.install()


def test_no_payload_of_a_random_person_is_moved():
    payloads = []
    for request, prediction in random_cases(PEOPLE, seed=1):
        decision = engine.choose(request, prediction, "random")
        assert check(engine.guardrail_case(request, decision)) == ()
        payloads.append(payload_of(request, decision))

    found = grid_libraries.check(payloads)

    assert found["moved"] == 0, found["examples"]
    assert (found["payloads"], found["layouts"]) == (PEOPLE, 5 * PEOPLE)
    relaid = 5 * sum(a["surface"] == b["surface"] for a, b in pairwise(payloads))
    assert found["checks"] == 5 * 5 * PEOPLE + relaid


def test_a_block_that_floats_is_moved_by_every_library():
    box = {"id": "a", "i": "a", "x": 0, "y": 3, "w": 1, "h": 1}
    floating = {"surface": "s", "cols": {"a": 4}, "breakpoints": {"a": 0}, "layouts": {"a": [box]}}

    found = grid_libraries.check([floating, floating])

    assert found["moved_by"] == {
        "react-grid-layout: compaction": 2,
        "react-grid-layout: rendered": 2,
        "react-grid-layout: breakpoint": 0,
        "gridstack: load": 2,
        "gridstack: load over the last": 1,
        "gridstack: load over other breakpoints": 0,
    }


def test_a_fixed_block_may_float():
    box = {"id": "a", "i": "a", "x": 0, "y": 3, "w": 1, "h": 1, "static": True, "locked": True}
    fixed = {"surface": "s", "cols": {"a": 4}, "breakpoints": {"a": 0}, "layouts": {"a": [box]}}

    assert grid_libraries.check([fixed, fixed])["moved"] == 0


def test_a_cell_that_the_user_holds_is_static_and_can_still_be_dragged():
    request, prediction = next(random_cases(1, seed=3))
    free = next(b.id for b in request.surface.blocks if not b.is_pinned)
    feedback = request.profile.feedback
    feedback.frozen, feedback.pins = True, {free: Pin(0, "md", 0, 40)}

    layouts = payload_of(request, engine.choose(request, prediction, "random"))["layouts"]

    held = {name: next(i for i in items if i["id"] == free) for name, items in layouts.items()}
    assert (held["md"]["x"], held["md"]["y"]) == (0, 40)
    assert held["md"]["static"] and held["md"]["locked"] and held["md"]["isDraggable"]
    assert not held["md"]["noMove"]
    assert not held["lg"]["static"] and not held["lg"]["locked"]
