"""Small pages in the tools' formats, written by us. The comment above each names the version."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tests.uiengine.dashboards.grafana_kibana_samples import (
    GRAFANA,
    GRAFANA_ROWS,
    GRAFANA_V2,
    KIBANA,
    KIBANA_OLD,
)


class Sample(NamedTuple):
    """groups: ids of blocks in their order as they stand, by group."""

    format: str
    document: Any
    groups: dict[str, list[str]]


def _chart(name: str, width: int, row: str, height: int = 50) -> dict[str, Any]:
    meta = {"chartId": 1, "width": width, "height": height, "sliceName": name.title()}
    parents = ["ROOT_ID", "GRID_ID", row]
    return {"type": "CHART", "id": name, "children": [], "meta": meta, "parents": parents}


def _row(name: str, *children: str) -> dict[str, Any]:
    parents = ["ROOT_ID", "GRID_ID"]
    kept = {"background": "BACKGROUND_TRANSPARENT"}
    return {"type": "ROW", "id": name, "children": [*children], "meta": kept, "parents": parents}


# Superset 6.0: the dashboard of the API, its position as a string
SUPERSET = {
    "dashboard_title": "Sales",
    "position_json": json.dumps(
        {
            "DASHBOARD_VERSION_KEY": "v2",
            "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
            "GRID_ID": {
                "type": "GRID",
                "id": "GRID_ID",
                "children": ["ROW-1", "ROW-2", "HEADER-1", "ROW-3"],
            },
            "ROW-1": _row("ROW-1", "CHART-a", "CHART-b"),
            "ROW-2": _row("ROW-2", "CHART-c"),
            "HEADER-1": {"type": "HEADER", "id": "HEADER-1", "meta": {"text": "More"}},
            "ROW-3": _row("ROW-3", "CHART-d", "COLUMN-1"),
            "CHART-a": _chart("CHART-a", 4, "ROW-1"),
            "CHART-b": _chart("CHART-b", 8, "ROW-1"),
            "CHART-c": _chart("CHART-c", 6, "ROW-2"),
            "CHART-d": _chart("CHART-d", 6, "ROW-3"),
            "COLUMN-1": {
                "type": "COLUMN",
                "id": "COLUMN-1",
                "children": ["CHART-e"],
                "meta": {"width": 6},
                "parents": ["ROOT_ID", "GRID_ID", "ROW-3"],
            },
            "CHART-e": {
                **_chart("CHART-e", 6, "ROW-3"),
                "parents": ["ROOT_ID", "GRID_ID", "ROW-3", "COLUMN-1"],
            },
        },
        separators=(",", ":"),
    ),
}


def _perses(name: str, x: int, y: int, width: int, height: int) -> dict[str, Any]:
    content = {"$ref": f"#/spec/panels/{name}"}
    return {"x": x, "y": y, "width": width, "height": height, "content": content}


# Perses 0.52
PERSES = {
    "kind": "Dashboard",
    "metadata": {"name": "nodes", "project": "infra"},
    "spec": {
        "panels": {
            name: {
                "kind": "Panel",
                "spec": {"display": {"name": name.upper()}, "plugin": {"kind": "TimeSeriesChart"}},
            }
            for name in ("cpu", "ram", "disk", "net")
        },
        "layouts": [
            {
                "kind": "Grid",
                "spec": {
                    "display": {"title": "Load", "collapse": {"open": False}},
                    "items": [_perses("cpu", 0, 0, 12, 6), _perses("ram", 12, 0, 12, 8)],
                },
            },
            {
                "kind": "Grid",
                "spec": {
                    "display": {"title": "Rest"},
                    "items": [_perses("disk", 0, 0, 8, 4), _perses("net", 8, 0, 16, 4)],
                },
            },
        ],
    },
}
# Home Assistant 2026.1, the storage's JSON: a masonry view, and a view of sections
HOME_ASSISTANT = {
    "version": 1,
    "key": "lovelace",
    "data": {
        "config": {
            "title": "Home",
            "views": [
                {
                    "title": "Rooms",
                    "cards": [
                        {"type": "light", "entity": "light.hall"},
                        {
                            "type": "vertical-stack",
                            "cards": [{"type": "markdown", "content": "# Hi"}],
                        },
                    ],
                },
                {
                    "title": "House",
                    "type": "sections",
                    "sections": [
                        {
                            "type": "grid",
                            "cards": [
                                {"type": "heading", "heading": "Power"},
                                {"type": "tile", "entity": "sensor.watt"},
                                {"type": "gauge", "entity": "sensor.load"},
                            ],
                        }
                    ],
                },
            ],
        }
    },
}
# Metabase 57: an answer of GET /api/dashboard/:id
METABASE = {
    "name": "Shop",
    "tabs": [{"id": 2, "name": "Stock", "position": 1}, {"id": 1, "name": "Sales", "position": 0}],
    "dashcards": [
        {
            "id": number,
            "dashboard_tab_id": tab,
            "card": {"name": f"Card {number}", "display": "bar"},
            "col": col,
            "row": row,
            "size_x": wide,
            "size_y": tall,
            "visualization_settings": {},
        }
        for number, tab, col, row, wide, tall in (
            (11, 1, 0, 1, 12, 4),
            (12, 1, 12, 1, 12, 6),
            (13, 2, 0, 0, 8, 3),
            (14, 2, 8, 0, 16, 3),
        )
    ]
    + [
        {
            "id": 10,
            "dashboard_tab_id": 1,
            "card": None,
            "col": 0,
            "row": 0,
            "size_x": 24,
            "size_y": 1,
            "visualization_settings": {"virtual_card": {"display": "heading"}, "text": "Orders"},
        }
    ],
}


def _widget(number: int, kind: str, x: int, y: int, w: int, h: int, **more: Any) -> dict[str, Any]:
    place = {"x": x, "y": y, "width": w, "height": h}
    return {"id": number, "definition": {"type": kind, **more}, "layout": place}


# Datadog, API v1 of 2026: ordered, with a group
DATADOG = {
    "title": "Queue",
    "layout_type": "ordered",
    "reflow_type": "fixed",
    "widgets": [
        _widget(1, "query_value", 0, 0, 4, 2, title="Depth"),
        _widget(2, "timeseries", 4, 0, 8, 2, title="Rate"),
        _widget(
            3,
            "group",
            0,
            2,
            12,
            4,
            title="Workers",
            widgets=[_widget(4, "toplist", 0, 0, 6, 3), _widget(5, "note", 6, 0, 6, 1)],
        ),
        _widget(6, "list_stream", 0, 6, 12, 3, title="Logs"),
    ],
}
# Datadog, API v1 of 2026: ordered without places, where the list is the page
DATADOG_LIST = {
    "title": "Plain",
    "layout_type": "ordered",
    "widgets": [
        {"definition": {"type": "note", "content": f"# {name}"}} for name in ("a", "b", "c")
    ],
}
# gridstack 14.1: the options that `grid.save(true, true)` gives, with a nested grid
GRIDSTACK = {
    "column": 12,
    "cellHeight": 80,
    "children": [
        {"id": "a", "x": 0, "y": 0, "w": 4, "h": 2, "minW": 2, "content": "A"},
        {"id": "b", "x": 4, "y": 0, "w": 8, "h": 3, "maxH": 5, "content": "B"},
        {
            "id": "nest",
            "x": 0,
            "y": 3,
            "w": 12,
            "h": 3,
            "subGridOpts": {
                "children": [
                    {"id": "c", "x": 0, "y": 0, "w": 6, "h": 1},
                    {"id": "d", "x": 6, "y": 0, "w": 6, "h": 2},
                ]
            },
        },
    ],
}
# react-grid-layout 2.3: layouts by breakpoint
REACT_GRID_LAYOUT = {
    "lg": [
        {"i": "a", "x": 0, "y": 0, "w": 4, "h": 2, "minW": 2},
        {"i": "b", "x": 4, "y": 0, "w": 8, "h": 3},
        {"i": "c", "x": 0, "y": 3, "w": 12, "h": 1},
    ],
    "xs": [
        {"i": "a", "x": 0, "y": 0, "w": 4, "h": 2},
        {"i": "b", "x": 0, "y": 2, "w": 4, "h": 3},
        {"i": "c", "x": 0, "y": 5, "w": 4, "h": 1},
    ],
}

SAMPLES = {
    "grafana": Sample(
        "grafana",
        GRAFANA,
        {
            "Page": ["panel-1", "panel-2", "panel-3"],
            "Panel 4": ["panel-5", "panel-6"],
            "Panel 7": ["panel-8", "panel-9"],
        },
    ),
    "grafana-rows": Sample(
        "grafana",
        GRAFANA_ROWS,
        {"Load": ["panel-1", "panel-2"], "Load (2)": ["panel-3", "panel-4"]},
    ),
    "grafana-v2": Sample(
        "grafana",
        GRAFANA_V2,
        {
            "Overview": ["panel-1", "panel-2", "panel-3"],
            "Hosts / Disks": ["panel-4", "panel-5", "panel-6"],
        },
    ),
    "kibana": Sample(
        "kibana", KIBANA, {"Page": ["a", "b"], "Errors": ["c", "d"], "Page (2)": ["e"]}
    ),
    "kibana-old": Sample("kibana", KIBANA_OLD, {"": ["1", "2", "3"]}),
    "superset": Sample(
        "superset",
        SUPERSET,
        {"Page": ["CHART-a", "CHART-b", "CHART-c"], "More": ["CHART-d", "COLUMN-1"]},
    ),
    "perses": Sample("perses", PERSES, {"Load": ["cpu", "ram"], "Rest": ["disk", "net"]}),
    "metabase": Sample(
        "metabase",
        METABASE,
        {"Sales / Orders": ["card-11", "card-12"], "Stock": ["card-13", "card-14"]},
    ),
    "datadog": Sample(
        "datadog",
        DATADOG,
        {
            "Page": ["widget-1", "widget-2"],
            "Workers": ["widget-4", "widget-5"],
            "Page (2)": ["widget-6"],
        },
    ),
    "gridstack": Sample("gridstack", GRIDSTACK, {"Page": ["a", "b"], "nest": ["c", "d"]}),
    "react-grid-layout": Sample("react-grid-layout", REACT_GRID_LAYOUT, {"": ["a", "b", "c"]}),
}
"""Pages whose blocks have ids of their own."""
LISTS = {
    "home-assistant": ("home-assistant", HOME_ASSISTANT, ["Rooms", "House / Power"]),
    "datadog-list": ("datadog", DATADOG_LIST, []),
}
"""Pages whose blocks have no ids: name, document, groups."""
EVERY = {name: (sample.format, sample.document) for name, sample in SAMPLES.items()} | {
    name: (kind, document) for name, (kind, document, _) in LISTS.items()
}
"""Format and document of every page, by name."""
