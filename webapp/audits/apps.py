"""Audits: their step of the pipeline is in its table when Django has started."""

from __future__ import annotations

from django.apps import AppConfig


class AuditsConfig(AppConfig):
    name = "webapp.audits"

    def ready(self) -> None:
        from webapp.audits.jobs import audit
        from webapp.codebooks.models import Run
        from webapp.codebooks.pipeline import steps

        steps.register(Run.Kind.AUDIT, audit)
