"""Small pages of Grafana and Kibana. The comment above each names the version."""

from __future__ import annotations

import json
from typing import Any


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
