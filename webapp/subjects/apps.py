"""Names the app of people, their keys and what they did."""

from __future__ import annotations

from django.apps import AppConfig


class SubjectsConfig(AppConfig):
    name = "webapp.subjects"
    default_auto_field = "django.db.models.BigAutoField"
    label = "uiengine_subjects"
    verbose_name = "Subjects"
