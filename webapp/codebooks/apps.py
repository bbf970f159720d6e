"""Registers the pipeline's steps and the first version of new surfaces when Django starts."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CodebooksConfig(AppConfig):
    name = "webapp.codebooks"
    default_auto_field = "django.db.models.BigAutoField"
    label = "uiengine_codebooks"
    verbose_name = "Codebooks"

    def ready(self) -> None:
        from webapp.codebooks.models import Run
        from webapp.codebooks.pipeline import steps
        from webapp.codebooks.pipeline.collecting import jobs as collecting
        from webapp.codebooks.pipeline.collecting import recollecting
        from webapp.codebooks.pipeline.gating import jobs as gating
        from webapp.codebooks.pipeline.parts import work
        from webapp.codebooks.pipeline.replaying import jobs as replaying
        from webapp.codebooks.pipeline.training import jobs as training
        from webapp.codebooks.roles import roles_follow
        from webapp.surfaces.signals import surface_defined

        steps.register(Run.Kind.COLLECT, recollecting.collect)
        work.register(collecting.WORK, collecting.collect_part)
        work.register(replaying.WORK, replaying.replay_part)
        steps.register(Run.Kind.TRAIN, training.train)
        steps.register(Run.Kind.EXPORT, training.export)
        steps.register(Run.Kind.REPLAY, replaying.replay)
        steps.register(Run.Kind.GATE, gating.gate)
        steps.register(Run.Kind.PROMOTE, gating.promote)
        post_migrate.connect(roles_follow, sender=self, dispatch_uid="codebooks.roles")
        surface_defined.connect(_adopt_innate, dispatch_uid="codebooks.adopt_innate")


def _adopt_innate(surface: Any, **_: Any) -> None:
    """Lets the innate version serve a surface that has no champion yet."""
    from webapp.codebooks.gate.promotion import surface_first_version

    surface_first_version(surface=surface)
