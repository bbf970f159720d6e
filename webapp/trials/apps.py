"""Names the app that compares adapted with control."""

from __future__ import annotations

from django.apps import AppConfig


class TrialsConfig(AppConfig):
    name = "webapp.trials"
    default_auto_field = "django.db.models.BigAutoField"
    label = "uiengine_trials"
    verbose_name = "Trials"
