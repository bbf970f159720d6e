"""Names the app of the admin's pages about versions and people."""

from __future__ import annotations

from django.apps import AppConfig


class StudioConfig(AppConfig):
    name = "webapp.studio"
    default_auto_field = "django.db.models.BigAutoField"
    label = "uiengine_studio"
    verbose_name = "Studio"
