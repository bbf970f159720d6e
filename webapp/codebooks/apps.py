"""Codebooks: the pipeline's own steps are in its table when Django has started."""

from __future__ import annotations

from django.apps import AppConfig


class CodebooksConfig(AppConfig):
    name = "webapp.codebooks"

    def ready(self) -> None:
        from webapp.codebooks.models import Run
        from webapp.codebooks.pipeline import jobs, steps

        steps.register(Run.Kind.COLLECT, jobs.collect)
        steps.register(Run.Kind.TRAIN, jobs.train)
        steps.register(Run.Kind.EXPORT, jobs.export)
        steps.register(Run.Kind.REPLAY, jobs.replay)
        steps.register(Run.Kind.GATE, jobs.gate)
        steps.register(Run.Kind.PROMOTE, jobs.promote)
