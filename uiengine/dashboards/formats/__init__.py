"""The tools whose pages can be read and written, one file each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from uiengine.dashboards import arrange
from uiengine.dashboards.formats import (
    datadog,
    grafana,
    gridstack,
    home_assistant,
    kibana,
    metabase,
    perses,
    react_grid_layout,
    superset,
)
from uiengine.dashboards.page import Page


@dataclass(frozen=True)
class Format:
    """read: a document as a page; row: a block as the tool saves it, for help texts; edits: what to
    write into the document for an order."""

    read: Callable[[Any], Page]
    row: str
    edits: Callable[[Any, Page, Sequence[str]], arrange.Edits] = arrange.edits


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "gridstack": Format(gridstack.read, gridstack.ROW),
        "react-grid-layout": Format(react_grid_layout.read, react_grid_layout.ROW),
        "grafana": Format(grafana.read, grafana.ROW),
        "kibana": Format(kibana.read, kibana.ROW),
        "superset": Format(superset.read, superset.ROW, superset.edits),
        "perses": Format(perses.read, perses.ROW),
        "home-assistant": Format(home_assistant.read, home_assistant.ROW),
        "metabase": Format(metabase.read, metabase.ROW),
        "datadog": Format(datadog.read, datadog.ROW),
    }
)
