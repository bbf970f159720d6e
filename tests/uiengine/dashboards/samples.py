"""Small pages in the tools' formats, written by us. The comment above each names the version."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Sample(NamedTuple):
    """groups: ids of blocks in their order as they stand, by group."""

    format: str
    document: Any
    groups: dict[str, list[str]]


def _panel(number: int, kind: str, x: int, y: int, w: int, h: int, **more: Any) -> dict[str, Any]:
    place = {"x": x, "y": y, "w": w, "h": h}
    return {"id": number, "type": kind, "title": f"Panel {number}", "gridPos": place, **more}


# Grafana 9, schemaVersion 37
GRAFANA = {
    "__inputs": [{"name": "DS_PROMETHEUS", "type": "datasource"}],
    "title": "Service",
    "schemaVersion": 37,
    "panels": [
        _panel(1, "stat", 0, 0, 6, 4),
        _panel(2, "stat", 6, 0, 6, 4),
        _panel(3, "timeseries", 12, 0, 12, 8),
        _panel(4, "row", 0, 8, 24, 1, collapsed=False, panels=[]),
        _panel(5, "graph", 0, 9, 12, 6, repeat="host"),
        _panel(6, "table", 12, 9, 12, 9),
        _panel(
            7,
            "row",
            0,
            18,
            24,
            1,
            collapsed=True,
            panels=[_panel(8, "logs", 0, 19, 24, 5), _panel(9, "text", 0, 24, 12, 3)],
        ),
    ],
}
# Grafana 4.6, schemaVersion 14
GRAFANA_ROWS = {
    "title": "Old",
    "schemaVersion": 14,
    "rows": [
        {
            "title": "Load",
            "height": "250px",
            "collapse": False,
            "panels": [
                {"id": 1, "span": 4, "type": "singlestat", "title": "One"},
                {"id": 2, "span": 8, "type": "graph", "title": "Two"},
            ],
        },
        {
            "title": "Load",
            "height": 100,
            "collapse": True,
            "panels": [
                {"id": 3, "span": 6, "type": "table", "title": "Three"},
                {"id": 4, "span": 6, "type": "graph", "title": "Four", "repeat": "host"},
            ],
        },
    ],
}


def _element(number: int, kind: str) -> dict[str, Any]:
    viz = {"kind": "VizConfig", "group": kind, "version": "12.4.0", "spec": {"options": {}}}
    return {"kind": "Panel", "spec": {"id": number, "title": f"P{number}", "vizConfig": viz}}


def _refers(number: int, **place: int) -> dict[str, Any]:
    kind = "GridLayoutItem" if place else "AutoGridLayoutItem"
    element = {"kind": "ElementReference", "name": f"panel-{number}"}
    return {"kind": kind, "spec": {**place, "element": element}}


# Grafana 12.4, dashboard.grafana.app/v2beta1
GRAFANA_V2 = {
    "apiVersion": "dashboard.grafana.app/v2beta1",
    "kind": "Dashboard",
    "metadata": {"name": "fleet"},
    "spec": {
        "title": "Fleet",
        "elements": {f"panel-{i}": _element(i, "timeseries") for i in range(1, 7)},
        "layout": {
            "kind": "TabsLayout",
            "spec": {
                "tabs": [
                    {
                        "kind": "TabsLayoutTab",
                        "spec": {
                            "title": "Overview",
                            "layout": {
                                "kind": "GridLayout",
                                "spec": {
                                    "items": [
                                        _refers(1, x=0, y=0, width=12, height=8),
                                        _refers(2, x=12, y=0, width=12, height=6),
                                        _refers(3, x=12, y=6, width=12, height=2),
                                    ]
                                },
                            },
                        },
                    },
                    {
                        "kind": "TabsLayoutTab",
                        "spec": {
                            "title": "Hosts",
                            "layout": {
                                "kind": "RowsLayout",
                                "spec": {
                                    "rows": [
                                        {
                                            "kind": "RowsLayoutRow",
                                            "spec": {
                                                "title": "Disks",
                                                "collapse": True,
                                                "layout": {
                                                    "kind": "AutoGridLayout",
                                                    "spec": {
                                                        "maxColumnCount": 2,
                                                        "items": [
                                                            _refers(4),
                                                            _refers(5),
                                                            _refers(6),
                                                        ],
                                                    },
                                                },
                                            },
                                        }
                                    ]
                                },
                            },
                        },
                    },
                ]
            },
        },
    },
}


def _lens(index: str, kind: str, x: int, y: int, w: int, h: int, **more: str) -> dict[str, Any]:
    place = {"x": x, "y": y, "w": w, "h": h, "i": index, **more}
    config = {"attributes": {"title": f"Lens {index}", "visualizationType": kind}}
    return {"type": "lens", "panelIndex": index, "gridData": place, "embeddableConfig": config}


# Kibana 9.1: JSON lines of saved objects, with a section
KIBANA = [
    {"id": "logs", "type": "index-pattern", "attributes": {"title": "logs-*"}, "references": []},
    {
        "id": "web",
        "type": "dashboard",
        "references": [],
        "attributes": {
            "title": "Web",
            "optionsJSON": '{"useMargins":true}',
            "panelsJSON": json.dumps(
                [
                    _lens("a", "lnsMetric", 0, 0, 12, 8),
                    _lens("b", "lnsXY", 12, 0, 36, 15),
                    _lens("c", "lnsPie", 0, 0, 24, 15, sectionId="s"),
                    _lens("d", "lnsDatatable", 24, 0, 24, 10, sectionId="s"),
                    _lens("e", "lnsXY", 0, 16, 48, 10),
                ],
                separators=(",", ":"),
            ),
            "sections": [{"title": "Errors", "collapsed": True, "gridData": {"y": 15, "i": "s"}}],
        },
    },
    {"exportedCount": 2, "missingRefCount": 0},
]
# Kibana 5.6: an array of documents, cells counted from 1, 12 columns
KIBANA_OLD = [
    {
        "_id": "old",
        "_type": "dashboard",
        "_source": {
            "title": "Old",
            "panelsJSON": json.dumps(
                [
                    {"col": 1, "row": 1, "size_x": 6, "size_y": 3, "panelIndex": 1, "id": "x"},
                    {"col": 7, "row": 1, "size_x": 6, "size_y": 2, "panelIndex": 2, "id": "y"},
                    {"col": 7, "row": 3, "size_x": 6, "size_y": 1, "panelIndex": 3, "id": "z"},
                ]
            ),
        },
    }
]


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
