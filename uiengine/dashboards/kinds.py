"""Kinds of panels by the types that tools give them.

The kinds are those that the shipped version's layout part learned from dashboards that people made,
so that a first arrangement is suggested from what a page shows. A type that is not listed is its
own kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

TYPES = {
    "timeseries": (
        "timeseries graph line area lnsxy xy metrics timelion trend candlestick xychart "
        "timeserieschart echarts_timeseries echarts_timeseries_line echarts_area "
        "echarts_timeseries_smooth echarts_timeseries_step echarts_timeseries_scatter "
        "mixed_timeseries combo history-graph statistics-graph custom:mini-graph-card "
        "custom:apexcharts-card scatterchart"
    ),
    "stat": (
        "stat singlestat metric lnsmetric lnslegacymetric query_value big_number big_number_total "
        "statchart scalar smartscalar change entity sensor custom:mushroom-entity-card number"
    ),
    "table": (
        "table table-old lnsdatatable query_table pivot_table_v2 pivot_table tracetable pivot "
        "entities datatable"
    ),
    "pie": (
        "piechart grafana-piechart-panel pie lnspie sunburst treemap sunburst_v2 treemap_v2 "
        "funnel donut"
    ),
    "bar": (
        "barchart histogram horizontal_bar toplist echarts_timeseries_bar dist_bar bar row_chart "
        "waterfall"
    ),
    "gauge": "gauge bargauge gaugechart gauge_chart goal lnsgauge progress",
    "heatmap": "heatmap lnsheatmap distribution heatmap_v2 histogram_v2 heatmapchart",
    "logs_list": (
        "logs search list_stream event_stream event_timeline log_stream logstable discover_session "
        "logbook activity"
    ),
    "alert_status": (
        "state-timeline status-history alertlist check_status manage_status alert_graph alert_value"
    ),
    "map": (
        "geomap grafana-worldmap-panel tile_map region_map map hostmap world_map country_map "
        "deck_multi deck_scatter topology_map servicemap"
    ),
    "text": "text dashlist note free_text markdown links news heading link",
    "image_embed": (
        "image iframe image_embed picture picture-entity picture-glance picture-elements"
    ),
    "control": "input_control_vis controls controlgroup filter_box filter button",
    "header": "header divider",
    "topology": "nodegraph sankey sankey_v2 graph_chart topology",
}
"""Types by kind, without regard to case."""
_KIND: Mapping[str, str] = MappingProxyType(
    {name: kind for kind, names in TYPES.items() for name in names.split()}
)


def kind_of(panel_type: str) -> str:
    """The kind of a panel's type; the type itself where it is not known."""
    return _KIND.get(panel_type.lower(), panel_type)
