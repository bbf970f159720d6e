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
    """what: a page, as the tool calls it; read: a document as a page; marks: whether a value is a
    page that no other tool saves so; row: a block as the tool saves it, for help texts; edits: what
    to write into the document for an order."""

    what: str
    read: Callable[[Any], Page]
    marks: Callable[[Any], bool]
    row: str
    edits: Callable[[Any, Page, Sequence[str]], arrange.Edits] = arrange.edits


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "gridstack": Format(gridstack.WHAT, gridstack.read, gridstack.marks, gridstack.ROW),
        "react-grid-layout": Format(
            react_grid_layout.WHAT,
            react_grid_layout.read,
            react_grid_layout.is_page,
            react_grid_layout.ROW,
        ),
        "grafana": Format(grafana.WHAT, grafana.read, grafana.marks, grafana.ROW),
        "kibana": Format(kibana.WHAT, kibana.read, kibana.marks, kibana.ROW),
        "superset": Format(
            superset.WHAT, superset.read, superset.is_page, superset.ROW, superset.edits
        ),
        "perses": Format(perses.WHAT, perses.read, perses.marks, perses.ROW),
        "home-assistant": Format(
            home_assistant.WHAT, home_assistant.read, home_assistant.marks, home_assistant.ROW
        ),
        "metabase": Format(metabase.WHAT, metabase.read, metabase.is_page, metabase.ROW),
        "datadog": Format(datadog.WHAT, datadog.read, datadog.marks, datadog.ROW),
    }
)
