"""Surfaces made of pages that other tools saved, and layouts written back into their files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.utils.text import slugify

from uiengine.dashboards import DashboardError, layout_into, surface_of
from uiengine.page import feasibility, surface_json
from uiengine.page.layout import Layout
from uiengine.page.surface import Surface as EngineSurface
from webapp.lib import database
from webapp.surfaces.dashboards import files
from webapp.surfaces.models import ImportedPage, Surface
from webapp.surfaces.services import surface_save
from webapp.surfaces.signals import surface_defined

MOST_SLUG = 100


@dataclass(frozen=True)
class PageRead:
    """A file read. definition: a surface's JSON; surface: the same for the engine."""

    definition: dict[str, Any]
    surface: EngineSurface
    notes: tuple[str, ...]
    format: str
    file_name: str
    content: bytes


def page_read(content: bytes, *, format: str, file_name: str = "", slug: str = "") -> PageRead:
    """Reads a tool's file as a surface, and saves nothing.

    slug: the surface's; without one, it is made of the page's title or the file's name. Raises
    uiengine.errors.EngineError where the file cannot become a surface.
    """
    document = files.read(content, file_name)
    definition, notes = surface_of(document, format, slug or "page")
    definition["slug"] = _slug(slug, str(definition["title"]), PurePath(file_name).stem)
    surface = surface_json.parse(definition)
    feasibility.refuse_impossible(surface)
    return PageRead(definition, surface, notes, format, file_name[-255:], content)


def _slug(wanted: str, title: str, stem: str) -> str:
    """Raises DashboardError for a slug that addresses cannot hold."""
    if wanted and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", wanted):
        raise DashboardError(
            "slug", wanted, "is no slug", "Use letters, digits, - and _ (at most 100)."
        )
    made = wanted or slugify(title) or slugify(stem) or "page"
    return made[:MOST_SLUG].strip("-_") or "page"


@database.atomic
def page_import(page: PageRead) -> Surface:
    """Saves the surface with the file it was made of; the same file again changes nothing.

    Raises DashboardError for a slug whose surface is not of such a file.
    """
    slug = page.definition["slug"]
    known = Surface.objects.select_for_update().filter(slug=slug).first()
    if known and not ImportedPage.objects.filter(surface=known, format=page.format).exists():
        raise DashboardError(
            "slug",
            slug,
            f"belongs to a surface that was not imported from {page.format}",
            "Name another slug.",
        )
    row = surface_save(page.definition)
    ImportedPage.objects.update_or_create(
        surface=row,
        defaults={
            "format": page.format,
            "file_name": page.file_name,
            "content": page.content,
            "notes": list(page.notes),
        },
    )
    surface_defined.send(sender=Surface, surface=row)
    return row


def page_export(row: Surface, layout: Layout, *, format: str = "") -> tuple[ImportedPage, bytes]:
    """The file that the surface was made of, with its page in this layout.

    Raises DashboardError where the surface was not imported, or not from this format.
    """
    kept = ImportedPage.objects.filter(surface=row).first()
    if kept is None:
        raise DashboardError(
            "surface",
            row.slug,
            "was made of no tool's file",
            "Import one with manage.py import_surface.",
        )
    if format not in ("", kept.format):
        raise DashboardError(
            "format", format, f"is not what {row.slug} was made of", f"Use {kept.format}."
        )
    content = bytes(kept.content)
    document = files.read(content, kept.file_name)
    return kept, files.write(content, document, layout_into(document, kept.format, layout))
