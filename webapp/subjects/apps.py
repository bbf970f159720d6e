"""Names the app of people, their keys and what they did."""

from __future__ import annotations

from django.apps import AppConfig


class SubjectsConfig(AppConfig):
    name = "webapp.subjects"
    default_auto_field = "django.db.models.BigAutoField"
    label = "uiengine_subjects"
    verbose_name = "Subjects"

    def ready(self) -> None:
        from webapp.subjects.imports import jobs
        from webapp.subjects.imports.events import jobs as events
        from webapp.subjects.imports.parts import work
        from webapp.subjects.models import Import

        work.register(Import.Kind.VISITS, jobs.visits_part)
        work.register(Import.Kind.EVENTS, events.events_part)
