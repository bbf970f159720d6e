"""Any grid that a tool could have saved: the default is the identity, an adapted page stands."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uiengine.dashboards.geometry import overlaps, pulled_up
from tests.uiengine.dashboards.samples import EVERY
from uiengine.dashboards import DashboardError, layout_into, surface_of
from uiengine.errors import SurfaceError
from uiengine.page import feasibility, surface_json
from uiengine.page.layout import pack
from uiengine.page.reading_order import apply_pins, default_order

BOXES = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 20), st.integers(1, 14), st.integers(1, 9)),
    min_size=1,
    max_size=9,
)
"""x, y, width, height: also over one another, floating, and past the grid's 12 columns."""
SEEDS = st.randoms(use_true_random=False)


def gridstack(boxes: list) -> dict:
    return {"column": 12, "children": [_item(i, box, "id") for i, box in enumerate(boxes)]}


def _item(i: int, box: tuple, key: str) -> dict:
    return {key: f"b{i}", **dict(zip("xywh", box, strict=True))}


def grafana(boxes: list) -> dict:
    """Every third panel is a row."""
    panels = []
    for i, (x, y, w, h) in enumerate(boxes):
        place = {"x": 0, "y": y, "w": 24, "h": 1} if i % 3 == 2 else dict(x=x, y=y, w=w, h=h)
        kind = "row" if i % 3 == 2 else "stat"
        panels.append({"id": i, "type": kind, "title": str(i), "gridPos": place})
    return {"title": "G", "panels": panels}


def kibana(boxes: list) -> dict:
    panels = [
        {
            "panelIndex": f"p{i}",
            "type": "lens",
            "version": "8.1.0",
            "gridData": dict(zip("xywh", box, strict=True)),
        }
        for i, box in enumerate(boxes)
    ]
    return {"attributes": {"title": "K", "panelsJSON": json.dumps(panels)}}


def perses(boxes: list) -> dict:
    items = [
        {"x": x, "y": y, "width": w, "height": h, "content": {"$ref": f"#/spec/panels/p{i}"}}
        for i, (x, y, w, h) in enumerate(boxes)
    ]
    return {"spec": {"panels": {}, "layouts": [{"kind": "Grid", "spec": {"items": items}}]}}


def boxes_of(kind: str, document: dict) -> list:
    if kind == "gridstack":
        return [tuple(item[key] for key in "xywh") for item in document["children"]]
    if kind == "grafana":
        return [tuple(panel["gridPos"][key] for key in "xywh") for panel in document["panels"]]
    if kind == "kibana":
        panels = json.loads(document["attributes"]["panelsJSON"])
        return [tuple(panel["gridData"][key] for key in "xywh") for panel in panels]
    items = document["spec"]["layouts"][0]["spec"]["items"]
    return [(item["x"], item["y"], item["width"], item["height"]) for item in items]


MAKERS = {"gridstack": gridstack, "grafana": grafana, "kibana": kibana, "perses": perses}


@pytest.mark.parametrize("kind", MAKERS)
@given(boxes=BOXES, dice=SEEDS)
@settings(max_examples=50)
def test_any_grid_round_trips_and_an_adapted_one_is_left_where_it_is(kind, boxes, dice):
    document = MAKERS[kind](boxes)
    kept = json.dumps(document)
    page = surface_json.parse(surface_of(document, kind)[0])
    assert layout_into(document, kind, pack(page, default_order(page))) is document
    order = list(default_order(page))
    dice.shuffle(order)
    layout = pack(page, apply_pins(page, order, {}))

    written = layout_into(document, kind, layout)

    assert json.dumps(document) == kept
    assert default_order(surface_json.parse(surface_of(written, kind)[0])) == layout.order
    if written is not document:
        found = boxes_of(kind, written)
        assert overlaps(found) == []
        assert pulled_up(found) == sorted(found, key=lambda box: (box[1], box[0]))


def paths(node: object, above: tuple = ()) -> list[tuple]:
    inner = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    return [above, *(path for key, value in inner for path in paths(value, (*above, key)))]


def mutated(node: object, path: tuple, junk: object) -> object:
    """A copy with `junk` at the path."""
    if not path:
        return junk
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = mutated(node[path[0]], path[1:], junk)
    return copy


JUNK = (
    None,
    True,
    -1,
    1e300,
    10**12,
    2.5,
    "",
    "x",
    "{",
    "\x00\ud800",
    [],
    {},
    [None],
    [[]],
    "é" * 300,
)
PLACES = [(kind, page, path) for kind, page in EVERY.values() for path in paths(page)]


@pytest.mark.parametrize("height", [0, -1, "auto", None])
def test_rows_without_a_height_have_the_usual_one(height):
    kind, page = EVERY["gridstack"]
    definition, _ = surface_of({**page, "cellHeight": height}, kind)
    usual, _ = surface_of({k: v for k, v in page.items() if k != "cellHeight"}, kind)
    assert definition["row_height"] == usual["row_height"]


def test_rows_too_low_to_touch_are_refused_by_the_rule():
    kind, page = EVERY["gridstack"]
    definition, _ = surface_of({**page, "cellHeight": 2.5}, kind)
    with pytest.raises(SurfaceError, match="24 px need"):
        feasibility.refuse_impossible(surface_json.parse(definition))


@given(place=st.sampled_from(PLACES), junk=st.sampled_from(JUNK))
@settings(max_examples=150)
def test_junk_anywhere_ends_in_a_surface_or_a_reason(place, junk):
    kind, page, path = place
    document = mutated(page, path, junk)
    try:
        definition, _ = surface_of(document, kind)
    except DashboardError:
        return
    surface = surface_json.parse(definition)
    try:
        feasibility.refuse_impossible(surface)
    except SurfaceError as error:  # rows so low that no block of the page can be touched
        assert "touch_targets" in str(error)
        return
    order = default_order(surface)
    assert layout_into(document, kind, pack(surface, order)) is document
    wanted = apply_pins(surface, order[::-1], {})
    written = layout_into(document, kind, pack(surface, wanted))
    if not surface.pinned_ranks:
        assert default_order(surface_json.parse(surface_of(written, kind)[0])) == wanted
