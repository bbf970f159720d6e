"""The part of the replay step that decides people's pages under both versions."""

from __future__ import annotations

from typing import Any

from webapp.codebooks.models import CodebookVersion, Run
from webapp.codebooks.pipeline.churn.people import requests_of
from webapp.codebooks.pipeline.lease import Progress
from webapp.codebooks.registry import artefacts
from webapp.lib.times import utc_now
from webapp.subjects.attributes import Reading, attributes_known, people_of


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
