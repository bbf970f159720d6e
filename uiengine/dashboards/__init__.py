"""Dashboards of other tools as surfaces, and layouts written back into them.

Documents are values: what JSON or YAML holds, a list for files of many documents, an object of
file names for archives. Nothing here reads files or knows Django.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from uiengine.dashboards.document import edited
from uiengine.dashboards.formats import FORMATS, Format
from uiengine.dashboards.names import named, told_apart
from uiengine.dashboards.page import Page, sections
from uiengine.dashboards.saved_by import refuse_other_tools
from uiengine.dashboards.sizes import Sizes, resized
from uiengine.dashboards.surface import surface_json_of
from uiengine.errors import DashboardError
from uiengine.page import surface_json
from uiengine.page.layout import Layout

__all__ = ["FORMATS", "DashboardError", "layout_into", "surface_of"]


def surface_of(
    document: Any, format: str, slug: str = "page"
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The page of a document as the JSON of a surface, with notes.

    The notes say what was carried in another form and what stays as it stands. Raises
    DashboardError where the document is another tool's, or holds no page that can be arranged.
    """
    return surface_json_of(_page(document, format), slug)


def layout_into(document: Any, format: str, layout: Layout) -> Any:
    """The document with its page as in a layout of its surface; all else is as it was.

    Blocks that the layout lacks keep their order, after the others of their group. The default
    layout gives the document itself. Raises DashboardError as `surface_of` does.
    """
    page = _page(document, format)
    default = [item.id for section in sections(page.spaces) for item in section.band.items]
    sizes = _other_sizes(page, layout)
    is_known = layout.ranks.keys() & set(default)
    wanted = [name for name in layout.order if name in is_known]
    if not sizes and wanted == [name for name in default if name in is_known]:
        return document
    return edited(document, FORMATS[format].edits(document, resized(page, sizes), wanted))


def _other_sizes(page: Page, layout: Layout) -> Sizes:
    """By breakpoint and block, sizes of the layout in cells that are not the page's own."""
    surface = surface_json.parse(surface_json_of(page, "page")[0])
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for name, known in surface.sizes.items():
        for placed in layout.placements.get(name, ()):
            if placed.id in known and (placed.w, placed.h) != (
                known[placed.id][1].w,
                known[placed.id][1].h,
            ):
                found.setdefault(name, {})[placed.id] = (placed.w, placed.h)
    return found


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise DashboardError("format", name, "is unknown", f"Use one of {sorted(FORMATS)}.")
    return FORMATS[name]


def _page(document: Any, format: str) -> Page:
    """The page with a name of its own for each block, the same at all breakpoints."""
    chosen = _format(format)
    refuse_other_tools(document, format)
    page = chosen.read(document)
    names = told_apart(item for section in sections(page.spaces) for item in section.band.items)
    for grid in page.grids:
        names |= told_apart(grid.space.items())
    grids = tuple(replace(grid, space=named((grid.space,), names)[0]) for grid in page.grids)
    return replace(page, spaces=named(page.spaces, names), grids=grids)
