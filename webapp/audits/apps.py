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
        from webapp.audits.parts import jobs
        from webapp.codebooks.models import Run
        from webapp.codebooks.pipeline import steps
        from webapp.codebooks.pipeline.parts import work

        steps.register(Run.Kind.AUDIT, audit)
        work.register(jobs.COLLECT, jobs.visits_part)
        work.register(jobs.WALK, jobs.walk_part)
        checks.register(user_model_check)
