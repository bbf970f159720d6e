"""Names the app of pages and their blocks."""

from __future__ import annotations

from django.apps import AppConfig


class SurfacesConfig(AppConfig):
    name = "webapp.surfaces"
    label = "uiengine_surfaces"
    verbose_name = "Surfaces"
