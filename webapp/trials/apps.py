"""Trials and rehearsals: the step that rehearses is in its table when Django has started."""

from __future__ import annotations

from django.apps import AppConfig


class TrialsConfig(AppConfig):
    name = "webapp.trials"
    default_auto_field = "django.db.models.BigAutoField"
    label = "uiengine_trials"
    verbose_name = "Trials"

    def ready(self) -> None:
        from webapp.codebooks.models import Run
        from webapp.codebooks.pipeline import steps
        from webapp.trials.rehearsals.jobs import rehearse

        steps.register(Run.Kind.REHEARSE, rehearse)
