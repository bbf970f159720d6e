"""Names the app of people, their keys and what they did."""

from __future__ import annotations

from django.apps import AppConfig


class SubjectsConfig(AppConfig):
    name = "webapp.subjects"
    label = "uiengine_subjects"
    verbose_name = "Subjects"
