"""Sizes of a layout that differ from the page's own, in the tool's cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from uiengine.dashboards.page import Band, Head, Item, Page, Space
from uiengine.dashboards.surface import WIDE_NAME
from uiengine.page.surface_json import MAX_COLUMNS

Sizes = Mapping[str, Mapping[str, tuple[int, int]]]
"""By breakpoint and block: width and height in cells of the surface's grid."""


def resized(page: Page, sizes: Sizes) -> Page:
    """The page with these sizes; where a list is the page, sizes are not the list's."""
    if not sizes:
        return page
    wide = sizes.get(page.grids[0].name if page.grids else WIDE_NAME, {})
    columns = min(page.columns, MAX_COLUMNS)
    grids = tuple(
        replace(grid, space=_space(grid.space, sizes.get(grid.name, {}), grid.columns))
        for grid in page.grids
    )
    spaces = tuple(_space(space, wide, columns) for space in page.spaces)
    return replace(page, spaces=spaces, grids=grids)


def _space(space: Space, sizes: Mapping[str, tuple[int, int]], columns: int) -> Space:
    scale = space.columns / columns if space.keys else 0
    bands = tuple(
        Band(
            tuple(_item(item, sizes, scale) for item in band.items),
            _head(band.head, sizes, columns) if band.head else None,
        )
        for band in space.bands
    )
    return replace(space, bands=bands)


def _head(head: Head, sizes: Mapping[str, tuple[int, int]], columns: int) -> Head:
    return replace(head, inner=tuple(_space(inner, sizes, columns) for inner in head.inner))


def _item(item: Item, sizes: Mapping[str, tuple[int, int]], scale: float) -> Item:
    if item.id not in sizes or not scale:
        return item
    w, h = sizes[item.id]
    return replace(item, box=item.box._replace(w=max(1, round(w * scale)), h=h))
