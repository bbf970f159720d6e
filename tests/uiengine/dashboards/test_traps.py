"""What each tool's format has of its own, and what is refused by name and reason."""

from __future__ import annotations

import json

import pytest

from tests.uiengine.dashboards.geometry import overlaps
from tests.uiengine.dashboards.samples import (
    DATADOG,
    GRIDSTACK,
    HOME_ASSISTANT,
    KIBANA,
    KIBANA_OLD,
    METABASE,
    REACT_GRID_LAYOUT,
    SUPERSET,
)
from uiengine.dashboards import DashboardError, layout_into, surface_of
from uiengine.page import surface_json
from uiengine.page.layout import pack


def written(document: object, kind: str, *order: str):
    """The document in an order; blocks that are not named follow in theirs."""
    page = surface_json.parse(surface_of(document, kind)[0])
    ranks = {name: rank for rank, name in enumerate(order)}
    ids = sorted((b.id for b in page.blocks), key=lambda name: ranks.get(name, len(ranks)))
    return layout_into(document, kind, pack(page, ids))


def test_kibanas_panels_stay_a_string_and_its_other_lines_stay_themselves():
    lines = written(KIBANA, "kibana", "b", "a", "d", "c")

    assert lines[0] is KIBANA[0] and lines[2] is KIBANA[2]
    kept = lines[1]["attributes"]
    panels = {p["panelIndex"]: p["gridData"] for p in json.loads(kept["panelsJSON"])}
    assert kept["panelsJSON"].startswith('[{"type":"lens","panelIndex":"a"')
    assert (panels["b"]["x"], panels["b"]["y"]) == (0, 0)
    assert (panels["a"]["x"], panels["a"]["y"]) == (36, 0)
    assert panels["c"] == {"x": 24, "y": 0, "w": 24, "h": 15, "i": "c", "sectionId": "s"}
    assert kept["sections"][0]["gridData"] == {"y": 15, "i": "s"}


def test_a_section_follows_what_is_above_it():
    panels = json.loads(KIBANA[1]["attributes"]["panelsJSON"])
    panels[0]["gridData"]["w"] = 20
    attributes = {**KIBANA[1]["attributes"], "panelsJSON": json.dumps(panels)}

    kept = written({"attributes": attributes}, "kibana", "b", "a")["attributes"]

    rows = {p["panelIndex"]: p["gridData"] for p in json.loads(kept["panelsJSON"])}
    assert (rows["a"]["x"], rows["a"]["y"]) == (0, 15)  # 36 + 20 columns do not fit beside it
    assert kept["sections"][0]["gridData"]["y"] == 23
    assert rows["e"]["y"] == 24


def test_kibanas_old_cells_count_from_one():
    panels = json.loads(written(KIBANA_OLD, "kibana", "3", "1", "2")[0]["_source"]["panelsJSON"])

    assert [(p["col"], p["row"]) for p in panels] == [(7, 1), (1, 2), (1, 1)]


def test_a_kibana_canvas_is_refused_by_its_name():
    pad = {"type": "canvas-workpad", "attributes": {"name": "Wall", "pages": []}}

    with pytest.raises(DashboardError, match=r"is a Canvas workpad.*got 'Wall'"):
        surface_of(pad, "kibana")


def test_superset_fills_rows_and_makes_those_that_it_needs():
    nodes = json.loads(
        written(SUPERSET, "superset", "CHART-b", "CHART-c", "CHART-a")["position_json"]
    )

    assert nodes["GRID_ID"]["children"] == ["ROW-1", "ROW-2", "HEADER-1", "ROW-3"]
    assert [nodes[r]["children"] for r in ("ROW-1", "ROW-2")] == [
        ["CHART-b"],
        ["CHART-c", "CHART-a"],
    ]
    assert nodes["CHART-a"]["parents"] == ["ROOT_ID", "GRID_ID", "ROW-2"]
    assert nodes["ROW-3"] == json.loads(SUPERSET["position_json"])["ROW-3"]


def test_superset_drops_rows_that_are_left_empty_and_adds_rows():
    nodes = json.loads(SUPERSET["position_json"])
    nodes["CHART-a"]["meta"]["width"] = 6
    nodes["CHART-b"]["meta"]["width"] = 6
    nodes["ROW-2"]["children"], nodes["CHART-c"]["meta"]["width"] = ["CHART-c"], 12
    document = {"dashboard_title": "S", "position": nodes}

    more = written(document, "superset", "CHART-a", "CHART-c", "CHART-b")["position"]

    rows = more["GRID_ID"]["children"][:3]
    assert [more[row]["children"] for row in rows] == [["CHART-a"], ["CHART-c"], ["CHART-b"]]
    less = written({"position": more}, "superset", "CHART-a", "CHART-b", "CHART-c")["position"]
    assert [less[row]["children"] for row in less["GRID_ID"]["children"][:2]] == [
        ["CHART-a", "CHART-b"],
        ["CHART-c"],
    ]
    assert len(less) == len(nodes)


def test_cards_of_home_assistant_move_in_their_list_and_headings_stay():
    page = surface_of(HOME_ASSISTANT, "home-assistant")[0]
    names = [block["id"] for block in page["blocks"]]

    views = written(HOME_ASSISTANT, "home-assistant", *reversed(names))["data"]["config"]["views"]

    assert [card["type"] for card in views[0]["cards"]] == ["vertical-stack", "light"]
    cards = views[1]["sections"][0]["cards"]
    assert [card["type"] for card in cards] == ["heading", "gauge", "tile"]


def test_views_that_are_generated_or_placed_by_area_stay():
    views = [
        {"title": "Auto", "strategy": {"type": "original-states"}},
        {"title": "Areas", "type": "custom:grid-layout", "cards": [{"type": "light"}]},
        {"title": "Plain", "cards": [{"type": "light", "entity": "light.a"}]},
    ]

    page, notes = surface_of({"views": views}, "home-assistant")

    assert [block["title"] for block in page["blocks"]] == ["light.a"]
    assert notes == (
        "View 'Auto' is generated: it stays as it stands.",
        "View 'Areas' is laid out by custom:grid-layout: it stays as it stands.",
    )


def test_parts_that_home_assistants_files_include_are_pages_too():
    tile = {"type": "tile", "entity": "light.a"}
    heading = {"type": "heading", "heading": "Hall"}
    pages = {
        "": [tile, {"type": "gauge", "entity": "sensor.b"}],
        "Hall": [{"type": "grid", "cards": [heading, tile]}, {"type": "grid", "cards": [tile]}],
    }

    for group, document in pages.items():
        blocks = surface_of(document, "home-assistant")[0]["blocks"]
        assert (len(blocks), blocks[0]["group"]) == (2, group)
    with pytest.raises(DashboardError, match="Its views are in other files: name one of those"):
        surface_of({"views": "elsewhere"}, "home-assistant")


def test_metabases_heading_stays_above_its_cards():
    cards = {c["id"]: c for c in written(METABASE, "metabase", "card-12", "card-11")["dashcards"]}

    assert (cards[10]["col"], cards[10]["row"]) == (0, 0)
    assert (cards[12]["col"], cards[12]["row"]) == (0, 1)
    assert (cards[11]["col"], cards[11]["row"]) == (12, 1)
    assert cards[13] == METABASE["dashcards"][2]


def test_a_datadog_group_grows_with_what_it_holds_and_pushes_the_rest():
    document = json.loads(json.dumps(DATADOG))
    inside = document["widgets"][2]["definition"]["widgets"]
    inside[0]["layout"].update(width=12)
    inside[1]["layout"].update(x=0, y=3, width=6)
    inside.append(
        {
            "id": 7,
            "definition": {"type": "note"},
            "layout": {"x": 6, "y": 3, "width": 6, "height": 1},
        }
    )
    document["widgets"][2]["layout"]["height"] = 5
    document["widgets"][3]["layout"]["y"] = 7

    after = written(document, "datadog", "widget-1", "widget-2", "widget-5", "widget-4")["widgets"]

    assert after[2]["layout"] == {"x": 0, "y": 2, "width": 12, "height": 6}
    assert after[3]["layout"]["y"] == 8


def test_a_group_that_is_no_full_row_moves_as_one():
    side = [
        {
            "id": 8,
            "definition": {
                "type": "group",
                "title": "Left",
                "widgets": [
                    {
                        "id": 1,
                        "definition": {"type": "note"},
                        "layout": {"x": 0, "y": 0, "width": 6, "height": 1},
                    }
                ],
            },
            "layout": {"x": 0, "y": 0, "width": 6, "height": 2},
        },
        {
            "id": 9,
            "definition": {"type": "note"},
            "layout": {"x": 6, "y": 0, "width": 6, "height": 2},
        },
    ]

    page, notes = surface_of({"title": "T", "widgets": side}, "datadog")

    assert [block["kind"] for block in page["blocks"]] == ["group", "text"]
    assert "Group 'Left' is no full row: it is one block, with what it holds." in notes


def test_a_free_page_is_taken_unless_its_widgets_lie_over_one_another():
    def free(x: int) -> dict:
        place = {"x": x, "y": 0, "width": 40, "height": 20}
        wall = {"x": 0, "y": 0, "width": 40, "height": 20}
        return {
            "title": "Wall",
            "layout_type": "free",
            "widgets": [
                {"id": 1, "definition": {"type": "image", "title": "Plan"}, "layout": wall},
                {"id": 2, "definition": {"type": "note", "title": "Door"}, "layout": place},
            ],
        }

    assert len(surface_of(free(41), "datadog")[0]["blocks"]) == 2
    with pytest.raises(DashboardError, match="'Door' lies over 'Plan'"):
        surface_of(free(39), "datadog")


def test_locked_and_static_blocks_stay_in_their_cells():
    locked = json.loads(json.dumps(GRIDSTACK))
    locked["children"][0]["locked"] = True
    static = {
        "layouts": {
            "lg": [
                {"i": "a", "x": 0, "y": 0, "w": 12, "h": 1, "static": True},
                {"i": "b", "x": 0, "y": 1, "w": 6, "h": 1},
                {"i": "c", "x": 6, "y": 1, "w": 6, "h": 2},
            ]
        }
    }

    widgets = written(locked, "gridstack", "b", "a")["children"]
    items = written(static, "react-grid-layout", "c", "a", "b")["layouts"]["lg"]

    assert surface_of(locked, "gridstack")[0]["blocks"][0]["pinned"]["desktop"] == [0, 0]
    assert (widgets[0]["x"], widgets[0]["y"]) == (0, 0)
    assert items[0] == static["layouts"]["lg"][0]
    assert [(item["x"], item["y"]) for item in items[1:]] == [(6, 1), (0, 1)]


def test_react_grid_layouts_breakpoints_are_the_surfaces_and_all_are_written():
    page = surface_of(REACT_GRID_LAYOUT, "react-grid-layout")[0]
    assert [(at["name"], at["min_width"], at["columns"]) for at in page["breakpoints"]] == [
        ("xs", 480, 4),
        ("lg", 1200, 12),
    ]
    assert page["blocks"][0]["sizes"]["lg"] == {"default": [4, 2], "min": [2, 1]}

    after = written(REACT_GRID_LAYOUT, "react-grid-layout", "c", "b", "a")

    for items in after.values():
        boxes = [(item["x"], item["y"], item["w"], item["h"]) for item in items]
        assert overlaps(boxes) == []
        assert sorted("abc", key=lambda i: boxes["abc".index(i)][1::-1]) == ["c", "b", "a"]
