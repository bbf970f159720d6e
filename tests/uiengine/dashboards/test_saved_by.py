"""A file of one tool is not read as another's: it is refused by the name of its own."""

from __future__ import annotations

import json

import pytest

from tests.uiengine.dashboards.samples import EVERY, GRAFANA, GRAFANA_V2, GRIDSTACK, KIBANA
from uiengine.dashboards import FORMATS, DashboardError, surface_of


@pytest.mark.parametrize("wanted", FORMATS)
@pytest.mark.parametrize("name", EVERY)
def test_every_page_is_taken_by_its_own_format_alone(name, wanted):
    kind, document = EVERY[name]
    if kind == wanted:
        assert surface_of(document, wanted)[0]["blocks"]
        return

    with pytest.raises(DashboardError, match=rf"looks like a .*--format {kind}\.$"):
        surface_of(document, wanted)


@pytest.mark.parametrize("wanted", sorted({*FORMATS} - {"grafana"}))
@pytest.mark.parametrize(
    "wrapped",
    [
        [{"dashboard": GRAFANA}],
        {"data": {"service.json": json.dumps(GRAFANA)}},
        {"dashboards/service.yaml": GRAFANA},
    ],
)
def test_a_page_is_known_in_what_it_is_wrapped_in(wrapped, wanted):
    with pytest.raises(DashboardError, match=r"looks like a Grafana dashboard.*got 'Service'"):
        surface_of(wrapped, wanted)


def test_settings_that_old_grafana_calls_grid_are_no_place_of_kibanas():
    graph = {"id": 1, "type": "graph", "grid": {"leftMax": None, "threshold1": 3}}
    document = {"title": "Old", "panels": [{**graph, "gridPos": {"x": 0, "y": 0, "w": 6, "h": 4}}]}

    with pytest.raises(DashboardError, match=r"--format grafana\.$"):
        surface_of(document, "kibana")


def test_the_chosen_tools_page_is_taken_beside_those_of_others():
    together = {"wall": KIBANA, "service": GRAFANA}

    assert surface_of(together, "grafana")[0]["title"] == "Service"
    assert surface_of(together, "kibana")[0]["title"] == "Web"


def test_a_list_with_both_names_of_a_widget_is_either_librarys():
    widgets = [{**widget, "i": widget["id"]} for widget in GRIDSTACK["children"][:2]]

    assert len(surface_of(widgets, "gridstack")[0]["blocks"]) == 2
    assert len(surface_of(widgets, "react-grid-layout")[0]["blocks"]) == 2
    with pytest.raises(DashboardError, match=r"--format gridstack or react-grid-layout\.$"):
        surface_of(widgets, "perses")


def test_a_page_without_any_tools_mark_is_read_as_chosen():
    assert len(surface_of([{"id": "a"}, {"id": "b"}], "gridstack")[0]["blocks"]) == 2


def test_a_v2_dashboard_whose_layout_lost_its_panels_is_refused_by_that():
    spec = {**GRAFANA_V2["spec"], "layout": {"kind": "GridLayout", "spec": {"items": []}}}

    with pytest.raises(DashboardError, match=r"layout: places none of its 6 panels.*got 'Fleet'"):
        surface_of({**GRAFANA_V2, "spec": spec}, "grafana")


def test_v2_panels_that_stand_nowhere_are_named():
    tabs = GRAFANA_V2["spec"]["layout"]["spec"]["tabs"][:1]
    layout = {"kind": "TabsLayout", "spec": {"tabs": tabs}}

    page, notes = surface_of(
        {**GRAFANA_V2, "spec": {**GRAFANA_V2["spec"], "layout": layout}}, "grafana"
    )

    assert len(page["blocks"]) == 3
    assert "Panel 'panel-4' stands nowhere in the layout: it stays out." in notes


def test_a_list_of_events_with_types_is_no_list_of_home_assistants_cards():
    events = [{"type": "track", "event": "Clicked"}, {"type": "identify", "userId": "u"}]
    cards = [{"type": "light", "entity": "light.a"}, {"type": "new-card"}, {"type": "custom:x"}]

    with pytest.raises(DashboardError, match="holds no Home Assistant page"):
        surface_of(events, "home-assistant")
    for kept in (cards[:2], cards[1:]):
        assert len(surface_of(kept, "home-assistant")[0]["blocks"]) == 2
