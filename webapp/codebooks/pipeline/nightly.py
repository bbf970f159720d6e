"""Decides which surfaces are retrained at night."""

from __future__ import annotations

from datetime import date

from webapp.codebooks.models import Pipeline, Run
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.codebooks.pipeline.stored_visits import is_anything_new, visits_count
from webapp.subjects.models import TrainingErasure
from webapp.surfaces.models import Surface


def retrain_if_new(surface: Surface, today: date) -> bool:
    """Requests a retrain if there are new visits since the last one, or an erased training subject.

    Returns False if it requested none.
    """
    done = Run.objects.filter(kind=Run.Kind.COLLECT, surface=surface, state=Run.State.DONE)
    last = done.filter(pipeline__kind=Pipeline.Kind.RETRAIN).first()
    is_new_data = is_anything_new(surface, last.result) if last else visits_count(surface) > 0
    if not is_new_data and not TrainingErasure.objects.filter(run=last).exists():
        return False
    key = f"retrain:{surface.slug}:{today.isoformat()}"
    kind = Pipeline.Kind.RETRAIN
    return pipeline_request(kind=kind, surface=surface, key=key, by="schedule")[1]
