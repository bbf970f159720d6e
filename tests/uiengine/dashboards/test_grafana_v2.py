"""What schema v2 has of its own: heights of automatic grids, drafts, conditions."""

from __future__ import annotations

import json

import pytest

from tests.uiengine.dashboards.samples import GRAFANA_V2
from uiengine.dashboards import surface_of


def page(layout: dict) -> dict:
    """The sample's panels in another layout."""
    spec = json.loads(json.dumps(GRAFANA_V2["spec"]))
    return {"spec": {**spec, "layout": layout}}


def auto(**more: object) -> dict:
    reference = {"element": {"kind": "ElementReference", "name": "panel-1"}}
    items = [{"kind": "AutoGridLayoutItem", "spec": reference}]
    return page({"kind": "AutoGridLayout", "spec": {"items": items, **more}})


@pytest.mark.parametrize(
    ("height", "rows"),
    [
        ({}, 8),
        ({"rowHeightMode": "standard"}, 8),
        ({"rowHeightMode": "short"}, 4),
        ({"rowHeightMode": "tall"}, 13),
        ({"rowHeightMode": "custom", "rowHeight": 460}, 12),
        ({"rowHeightMode": "custom", "rowHeight": "high"}, 8),
    ],
)
def test_rows_of_an_automatic_grid_are_as_high_as_its_mode_says(height, rows):
    (block,) = surface_of(auto(maxColumnCount=2, **height), "grafana")[0]["blocks"]

    assert block["sizes"]["*"]["default"] == [12, rows]


def test_a_draft_names_its_elements_by_uid():
    reference = {"kind": "ElementReference", "spec": {"uid": "panel-2"}}
    spec = {"x": 0, "y": 0, "width": 12, "height": 8, "element": reference}
    layout = {"kind": "GridLayout", "spec": {"items": [{"kind": "GridLayoutItem", "spec": spec}]}}

    blocks = surface_of(page(layout), "grafana")[0]["blocks"]

    assert [(block["id"], block["title"]) for block in blocks] == [("panel-2", "P2")]


def test_conditions_are_said():
    reference = {"element": {"kind": "ElementReference", "name": "panel-1"}}
    shown = {"items": [{"kind": "ConditionalRenderingData", "spec": {"value": True}}]}
    condition = {"conditionalRendering": {"kind": "ConditionalRenderingGroup", "spec": shown}}
    items = [{"kind": "AutoGridLayoutItem", "spec": {**reference, **condition}}]
    inner = {"kind": "AutoGridLayout", "spec": {"items": items}}
    row = {"title": "Disks", "layout": inner, **condition}
    rows = {"kind": "RowsLayout", "spec": {"rows": [{"kind": "RowsLayoutRow", "spec": row}]}}

    notes = surface_of(page(rows), "grafana")[1]

    assert notes[:2] == (
        "Row 'Disks' is shown on a condition: its panels are arranged within it.",
        "Panel 'P1' is shown on a condition: it keeps its place then.",
    )
