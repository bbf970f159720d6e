"""Decides people's pages under both versions: counted by the replay step, limited by training."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from webapp.codebooks.gate.churn import LEAST_PEOPLE, ungated_by
from webapp.codebooks.models import CodebookVersion, Run
from webapp.codebooks.pipeline.churn.people import requests_of
from webapp.codebooks.registry import artefacts
from webapp.lib.progress import Progress
from webapp.lib.times import utc_now
from webapp.subjects.attributes import Reading, attributes_known, people_of
from webapp.surfaces.models import Surface


def churn_between(
    run: Run, champion: CodebookVersion, candidate: CodebookVersion, progress: Progress
) -> dict[str, Any]:
    """Returns the figures of `ml.audit.churn.churn_summary`; no row of a person."""
    from ml.audit.churn import churn_summary
    from ml.evaluation.churn import churn_each, numbers_alike

    requests = requests_of(run.surface, utc_now())
    old, new = (artefacts.load(v.folder, v.manifest) for v in (champion, candidate))
    each = churn_each(list(requests.values()), old, new, progress)
    by = run.options.get("by") or attributes_known(run.surface)
    people = people_of(run.surface, by, Reading(run.asked_by, f"version churn, run {run.pk}"))
    return churn_summary(
        run.surface.slug,
        dict(zip(requests, each, strict=True)),
        people,
        by,
        numbers_alike(old.codebook, new.codebook),
    )


def limit_beside(surface: Surface, champion: CodebookVersion | None) -> Any:
    """Returns the `ml.training.step.Limit` of a training that goes on from the champion; None where
    the gate would judge no churn."""
    from ml.evaluation.churn import moved_by
    from ml.training.step import Limit

    most = settings.UIENGINE_GATE_CHURN
    if champion is None or most is None or ungated_by(champion):
        return None
    requests = requests_of(surface, utc_now())
    if len(requests) < LEAST_PEOPLE:
        return None
    old = artefacts.load(champion.folder, champion.manifest)
    return Limit(moved_by(list(requests.values()), old), most)
