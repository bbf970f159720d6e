"""Names the app of pages and their blocks."""

from __future__ import annotations

from django.apps import AppConfig


class SurfacesConfig(AppConfig):
    name = "webapp.surfaces"
    default_auto_field = "django.db.models.BigAutoField"
    label = "uiengine_surfaces"
    verbose_name = "Surfaces"
