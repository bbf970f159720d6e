"""A subject's layout in the file of the tool that the surface was imported from."""

from __future__ import annotations

from datetime import datetime

from uiengine.errors import SurfaceError
from uiengine.page.layout import Layout, pack
from uiengine.page.reading_order import default_order
from webapp.layouts.answer.context import decision_context
from webapp.layouts.answer.read import decide
from webapp.serving.pages import serving
from webapp.subjects.models import Profile
from webapp.surfaces import mappers
from webapp.surfaces.dashboards.imported import page_export
from webapp.surfaces.models import ImportedPage, Surface


def layout_export(
    row: Surface, key: str, now: datetime, *, format: str = ""
) -> tuple[ImportedPage, bytes]:
    """The imported page and its file in this subject's layout, or in the default one.

    Raises uiengine.errors.EngineError where the surface cannot be served or was not imported.
    """
    return page_export(row, _layout(row, key, now), format=format)


def _layout(row: Surface, key: str, now: datetime) -> Layout:
    """The layout served now; the default for a subject without a profile."""
    if not Profile.objects.filter(surface=row, subject__key=key).exists():
        surface = mappers.to_surface(row)
        return pack(surface, default_order(surface))
    page = serving.page(row.slug)
    if page is None:
        raise SurfaceError("surface", row.slug, "cannot be served", "The log says why.")
    return decide(decision_context(key=key, page=page, now=now))[0].layout
