"""Files of visits that a failed pipeline keeps, so that it can be resumed, and their deletion.

They are deleted after KEPT, and when somebody is erased. A pipeline without them is resumed as a
new one, which collects visits again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from webapp.codebooks.models import Pipeline, Run
from webapp.codebooks.registry import artefacts
from webapp.surfaces.models import Surface

KEPT = timedelta(days=1)
"""Time during which a failed pipeline can resume with the visits it collected."""


def snapshot_folder(pipeline: Pipeline) -> str:
    """Names the storage folder in which a pipeline's steps leave files for later steps."""
    return f"pipelines/{pipeline.pk}"


def is_dropped(pipeline: Pipeline, failed: Run) -> bool:
    """Returns True if the files that the failed step needs were deleted."""
    return failed.kind != Run.Kind.COLLECT and Run.Kind.COLLECT not in pipeline.result


@transaction.atomic
def snapshots_drop(lines: QuerySet[Pipeline] | None = None) -> int:
    """Deletes the files of failed pipelines and returns their number. lines: these only; None:
    all."""
    rows = Pipeline.objects.all() if lines is None else lines
    kept = rows.filter(state=Pipeline.State.FAILED, result__has_key=Run.Kind.COLLECT.value)
    dropped = list(kept.select_for_update(of=("self",)))
    for line in dropped:
        line.result = {k: v for k, v in line.result.items() if k != Run.Kind.COLLECT}
        line.save(update_fields=("result",))
        transaction.on_commit(partial(artefacts.clear, snapshot_folder(line)))
    return len(dropped)


def snapshots_expire(*, surface: Surface, now: datetime) -> int:
    return snapshots_drop(surface.pipelines.filter(finished_at__lt=now - KEPT))
