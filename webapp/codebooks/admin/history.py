"""Writes to the admin's history of versions and surfaces."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from webapp.codebooks.models import CodebookVersion
from webapp.surfaces.models import Surface


def version_log(
    request: HttpRequest, version: CodebookVersion, message: str, surface: Surface | None = None
) -> None:
    """Writes to the admin's history of the version and of the surface."""
    admin.site.get_model_admin(CodebookVersion).log_change(request, version, message)
    if surface is not None:
        surface_log(request, surface, f"{version.name}: {message}")


def surface_log(request: HttpRequest, surface: Surface, message: str) -> None:
    admin.site.get_model_admin(Surface).log_change(request, surface, message)
