"""Audits: their step of the pipeline is in its table when Django has started."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks


class AuditsConfig(AppConfig):
    name = "webapp.audits"
    default_auto_field = "django.db.models.BigAutoField"
    label = "uiengine_audits"
    verbose_name = "Audits"

    def ready(self) -> None:
        from webapp.audits.checks import user_model_check
        from webapp.audits.jobs import audit
        from webapp.codebooks.models import Run
        from webapp.codebooks.pipeline import steps

        steps.register(Run.Kind.AUDIT, audit)
        checks.register(user_model_check)
