"""Payloads load unchanged into the real react-grid-layout and gridstack under node.

`python -m tests.evidence.guardrails` does this for 10,000 random people.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.evidence import grid_libraries
from tests.evidence.payloads import payload_of
from tests.evidence.random_users import random_cases
from uiengine import engine
from uiengine.behaviour.profile import Pin
from uiengine.dashboards import layout_into, surface_of
from uiengine.guardrails import check
from uiengine.page import surface_json
from uiengine.page.layout import pack
from uiengine.put_away import may_leave, page_of

PEOPLE = 200
PAGES = 40
"""Dashboards made up for each format."""


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


def test_no_payload_of_somebody_with_folded_and_put_away_blocks_is_moved():
    payloads = []
    for number, (request, _) in enumerate(random_cases(40, seed=2)):
        surface, feedback = request.surface, request.profile.feedback
        allowed = replace(surface.guardrails, put_away=True)
        whole = replace(surface, guardrails=allowed)
        free = [block.id for block in surface.blocks if may_leave(block)]
        feedback.folded, feedback.tray = tuple(free[number % 3 :: 3]), dict.fromkeys(free[1::4], 0)
        mine = page_of(whole, feedback)
        asked = replace(request, surface=mine)
        payloads.append(payload_of(asked, engine.fixed_layout(asked), whole))

    assert sum(bool(p["folded"] and p["tray"]) for p in payloads) >= 10
    found = grid_libraries.check(payloads)

    assert found["moved"] == 0, found["examples"]


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


def test_limits_of_one_breakpoint_move_no_block_at_another():
    """Each breakpoint is loaded over each other in one gridstack, which keeps limits left out."""
    limits = {"a": {"maxW": 1, "maxH": 1}, "b": {"minW": 3, "minH": 4}, "c": {}, "d": {"maxW": 2}}
    size = {"a": (1, 1), "b": (3, 4), "c": (2, 2), "d": (2, 6)}
    layouts = {
        name: [
            {
                "id": "p",
                "i": "p",
                "x": 0,
                "y": 0,
                "w": w,
                "h": h,
                "minW": 1,
                "minH": 1,
                **limits[name],
            },
            {"id": "q", "i": "q", "x": 0, "y": h, "w": 6, "h": 1, "minW": 1, "minH": 1},
        ]
        for name, (w, h) in size.items()
    }
    widths = {"a": 1200, "b": 900, "c": 600, "d": 0}
    page = {"surface": "s", "cols": dict.fromkeys("abcd", 6), "breakpoints": widths}

    found = grid_libraries.check([{**page, "layouts": layouts}])

    assert found["moved"] == 0, found["examples"]


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


def made_up(dice: random.Random, columns: int) -> list[dict[str, Any]]:
    """Boxes as nobody cleaned them up: floating, and over one another."""
    boxes = []
    for _ in range(dice.randint(2, 14)):
        x = dice.randrange(columns)
        wide = dice.randint(1, columns - x)
        boxes.append({"x": x, "y": dice.randrange(30), "w": wide, "h": dice.randint(1, 8)})
    return boxes


def dashboards(dice: random.Random) -> dict[str, Any]:
    """A page in each format whose tool lays it out by one of the two libraries."""
    lists = [
        [{"i": f"b{i}", **box} for i, box in enumerate(made_up(dice, columns))]
        for columns in (12, 4)
    ]
    panels = [{"id": i, "type": "stat", "gridPos": box} for i, box in enumerate(made_up(dice, 24))]
    row = {"id": 99, "type": "row", "title": "Row", "gridPos": {"x": 0, "y": 12, "w": 24, "h": 1}}
    return {
        "gridstack": {
            "column": 12,
            "children": [{"id": f"b{i}", **box} for i, box in enumerate(made_up(dice, 12))],
        },
        "react-grid-layout": {"lg": lists[0], "xs": lists[1]},
        "grafana": {"title": "G", "panels": [*panels, row]},
    }


def laid_out(kind: str, document: Any) -> dict[str, Any]:
    """The page's boxes as its tool hands them to the library, in reading order."""
    if kind == "gridstack":
        grids, cols = {"a": [{**box, "i": box["id"]} for box in document["children"]]}, {"a": 12}
    elif kind == "grafana":
        grids = {"a": [{**p["gridPos"], "i": str(p["id"])} for p in document["panels"]]}
        cols = {"a": 24}
    else:
        grids, cols = document, {"lg": 12, "xs": 4}
    layouts = {
        name: sorted(({**b, "id": b["i"]} for b in boxes), key=lambda b: (b["y"], b["x"]))
        for name, boxes in grids.items()
    }
    widths = {"lg": 1200, "xs": 480, "a": 0}
    return {
        "surface": kind,
        "cols": cols,
        "breakpoints": {name: widths[name] for name in grids},
        "layouts": layouts,
    }


def test_an_exported_dashboard_is_loaded_and_nothing_moves():
    dice, payloads = random.Random(5), []
    for _ in range(PAGES):
        for kind, document in dashboards(dice).items():
            page = surface_json.parse(surface_of(document, kind)[0])
            order = [block.id for block in page.blocks]
            while order == [block.id for block in page.blocks]:
                dice.shuffle(order)
            written = layout_into(document, kind, pack(page, order))
            payloads.append(laid_out(kind, written) | {"surface": f"{kind} {len(payloads)}"})

    found = grid_libraries.check(payloads)

    assert found["moved"] == 0, found["examples"]
    assert (found["payloads"], found["layouts"]) == (3 * PAGES, 4 * PAGES)
    assert found["checks"] >= 16 * PAGES


def test_a_dashboard_as_it_was_made_up_is_moved_by_every_library():
    page = laid_out("gridstack", dashboards(random.Random(5))["gridstack"])

    moved = grid_libraries.check([page])["moved_by"]

    assert moved["gridstack: load"] and moved["react-grid-layout: compaction"]
