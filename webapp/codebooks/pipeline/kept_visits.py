"""Files of visits that a pipeline's steps leave for one another, and their deletion.

An erasure voids what every pipeline has collected: the next step of a running one collects again,
and a failed one is resumed as a new one. A failed pipeline's files are deleted after KEPT.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from webapp.codebooks.models import Part, Pipeline, Run
from webapp.codebooks.pipeline.enqueue import ACTIVE
from webapp.lib import database, stored_files
from webapp.surfaces.models import Surface

log = logging.getLogger(__name__)
KEPT = timedelta(days=1)
"""Time during which a failed pipeline can resume with the visits it collected."""
FOLDER, ALONE = "pipelines", "runs"
"""Storage folders of pipelines, and of runs that belong to none."""
OF_PEOPLE = ("visits", "users", "sample", "people", "sums-of")
"""First words of the names of files that name people, or sum up what they did."""
SUMS = ("of_learners", "of_held_back", "of_everyone")
"""What the names of files of sums are called in what collecting or a part left."""
FILES = ("file", "files", "users", "sample", "of_people", *SUMS)
"""What the entries that name such files, or list them, are called in what collecting or a part
left."""
ERASURES = "erasures"
"""In a pipeline's result: how often an erasure voided what it has collected."""


class VoidError(Exception):
    """Somebody was erased meanwhile: collect again."""


def snapshot_folder(pipeline: Pipeline) -> str:
    """Names the storage folder in which a pipeline's steps leave files for later steps."""
    return f"{FOLDER}/{pipeline.pk}"


def run_folder(run: Run) -> str:
    """Names the storage folder in which a run's parts leave files for one another."""
    return snapshot_folder(run.pipeline) if run.pipeline else f"{ALONE}/{run.pk}"


def is_dropped(pipeline: Pipeline, failed: Run) -> bool:
    """Returns True if the files that the failed step needs were deleted."""
    return failed.kind != Run.Kind.COLLECT and Run.Kind.COLLECT not in pipeline.result


def erasures_seen(pipeline: Pipeline) -> int:
    """Counts the erasures since the pipeline began. Ask before reading visits."""
    return _erasures(_row(pipeline))


def is_as_seen(pipeline: Pipeline | None, seen: int, *, lock: bool = True) -> bool:
    """Returns True if nobody was erased since `seen`; for a run without a pipeline always.

    lock: lets no erasure pass this transaction.
    """
    if pipeline is None:
        return True
    rows = Pipeline.objects.select_for_update(of=("self",)) if lock else Pipeline.objects
    return _erasures(rows.get(pk=pipeline.pk)) == seen


def collected(pipeline: Pipeline) -> Mapping[str, Any]:
    """What collecting left, as the row has it now: without FILES after an erasure."""
    left: Mapping[str, Any] = _row(pipeline).result.get(Run.Kind.COLLECT.value, {})
    return left


def collected_save(pipeline: Pipeline, left: Mapping[str, Any]) -> None:
    """Replaces what collecting left. Must be called inside the transaction of `is_as_seen`."""
    row = _row(pipeline)
    row.result = {**row.result, Run.Kind.COLLECT.value: dict(left)}
    row.save(update_fields=("result",))


def snapshots_drop() -> None:
    """Voids what pipelines have collected. Must be called inside the erasing transaction.

    Waits for a pipeline that is writing down what it collected; one that is still collecting
    notices. Files are deleted after the commit.
    """
    is_kept = Q(state=Pipeline.State.FAILED, result__has_key=Run.Kind.COLLECT.value)
    lines = Pipeline.objects.filter(is_kept | Q(state=Pipeline.State.RUNNING))
    for line in lines.select_for_update(of=("self",)).order_by("pk"):
        left = line.result.pop(Run.Kind.COLLECT.value, None)
        if line.state == Pipeline.State.RUNNING:
            line.result[ERASURES] = line.result.get(ERASURES, 0) + 1
            if left is not None:
                rest = {name: left[name] for name in left if name not in FILES}
                line.result[Run.Kind.COLLECT.value] = rest
        line.save(update_fields=("result",))
    database.on_commit(files_sweep, robust=True)


@database.atomic
def snapshots_expire(*, surface: Surface, now: datetime) -> int:
    """Deletes the files of pipelines that failed a while ago, and returns how many did."""
    over = surface.pipelines.filter(state=Pipeline.State.FAILED, finished_at__lt=now - KEPT)
    lines = list(over.filter(result__has_key=Run.Kind.COLLECT.value).select_for_update())
    for line in lines:
        del line.result[Run.Kind.COLLECT.value]
        line.save(update_fields=("result",))
    database.on_commit(files_sweep, robust=True)
    return len(lines)


def files_sweep() -> None:
    """Deletes all stored files that no run may read any more, also those of dead workers."""
    runs_sweep()
    for name in stored_files.folders(FOLDER):
        line = Pipeline.objects.filter(pk=name).first() if name.isdecimal() else None
        left = line.result.get(Run.Kind.COLLECT.value, {}) if line else {}
        if line is not None and line.state == Pipeline.State.RUNNING:
            kept = {*_named(left), *_named_by_parts(line)}
            stored_files.clear(f"{FOLDER}/{name}", OF_PEOPLE, kept)
        elif line is None or line.state != Pipeline.State.FAILED or not left:
            stored_files.clear(f"{FOLDER}/{name}")


def runs_sweep() -> None:
    """Deletes the stored files of runs without a pipeline that have ended."""
    for name in stored_files.folders(ALONE):
        if not Run.objects.filter(pk=name, pipeline=None, state__in=ACTIVE).exists():
            stored_files.clear(f"{ALONE}/{name}")


def _named_by_parts(line: Pipeline) -> set[str]:
    """Files of parts that were made since the last erasure."""
    parts = Part.objects.filter(run__pipeline=line, erasures=_erasures(line))
    return {file for left in parts.values_list("result", flat=True) for file in _named(left)}


def _named(left: Mapping[str, Any]) -> list[str]:
    entries = [left[name] for name in FILES if name in left]
    return [file for entry in entries for file in ([entry] if isinstance(entry, str) else entry)]


def _erasures(line: Pipeline) -> int:
    return int(line.result.get(ERASURES, 0))


def _row(pipeline: Pipeline) -> Pipeline:
    return Pipeline.objects.get(pk=pipeline.pk)
