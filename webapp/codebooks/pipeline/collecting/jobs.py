"""Writes a surface's visits to a file by shard, and chooses whom training learns from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from webapp.codebooks.models import Pipeline, Run
from webapp.codebooks.pipeline import kept_visits
from webapp.codebooks.pipeline.lease import Lease, RefusedRunError
from webapp.codebooks.pipeline.refresh_sample import balanced_batch
from webapp.codebooks.pipeline.stored_visits import stored_visits, visits_count, visits_seen
from webapp.codebooks.pipeline.work_folder import work_folder
from webapp.codebooks.registry import artefacts
from webapp.codebooks.registry.training_record import training_record
from webapp.subjects.attributes import Reading, attributes_known, people_of
from webapp.subjects.models import Subject
from webapp.subjects.shards import shards_fill


@dataclass
class Counted:
    """visits, last: number and time (ns) of the visits of everybody who may be learned from."""

    visits: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    held_back: int = 0


def pipeline_of(lease: Lease) -> Pipeline:
    if lease.run.pipeline is None:
        raise RefusedRunError(f"run {lease.run.pk} belongs to no pipeline. Ask for a new one.")
    return lease.run.pipeline


def collecting_run(pipeline: Pipeline) -> Run:
    """The run that training marks refer to."""
    return pipeline.runs.get(kind=Run.Kind.COLLECT)


def collected(lease: Lease) -> dict[str, Any]:
    """Stores files of visits and people; returns their names and counts."""
    from ml.data.digest import file_digest

    run, pipeline = lease.run, pipeline_of(lease)
    shards_fill(Subject.objects.order_by())
    count, until = visits_count(run.surface), visits_seen(run.surface)
    path = work_folder(run) / "visits.parquet"
    counted = _written(lease, path, count)
    result: dict[str, Any] = {"visits": count, "sha256": file_digest(path)}
    result |= {"file": _moved(pipeline, path), **until, "revision": run.surface.revision}
    result |= {"people": len(counted.visits), "held_back": counted.held_back}
    if pipeline.kind != Pipeline.Kind.JUDGE:
        result |= _sampled(run, pipeline, counted)
    if pipeline.kind == Pipeline.Kind.REFRESH:
        result |= _batch(run, pipeline, counted)
    return result


def _written(lease: Lease, path: Path, count: int) -> Counted:
    """Writes the file, and down whose visits are trained with."""
    from ml.data.shard_files import shards_write
    from ml.evaluation.held_back import split

    run, pipeline = lease.run, pipeline_of(lease)
    is_trained = pipeline.kind != Pipeline.Kind.JUDGE
    is_recorded = is_trained and run.kind in (Run.Kind.COLLECT, Run.Kind.TRAIN)
    counted, done = Counted(), 0
    for part in shards_write(stored_visits(run.surface), path):
        trained_on, held_back = split(part)
        of_each = trained_on.groupby("user")["when"].agg(["nunique", "max"])
        if is_recorded:
            training_record(run=collecting_run(pipeline), keys=of_each.index)
        users = of_each.index.tolist()
        counted.visits.update(zip(users, of_each["nunique"].tolist(), strict=True))
        last = of_each["max"].to_numpy().astype("datetime64[ns]").astype("int64").tolist()
        counted.last.update(zip(users, last, strict=True))
        counted.held_back += int(held_back["user"].nunique())
        done += int(part[["user", "when"]].drop_duplicates().shape[0])
        lease.show(0.9 * min(done / max(count, 1), 1.0), f"collected {done:,} of {count:,} visits")
    return counted


def _sampled(run: Run, pipeline: Pipeline, counted: Counted) -> dict[str, Any]:
    """Draws whom training learns from; attributes are read only where that cannot be everybody."""
    from ml.data.sample import draw

    most, slug = settings.UIENGINE_RETRAIN_VISITS, run.surface.slug
    if sum(counted.visits.values()) <= most:
        return {"drawn": dict(draw(slug, counted.visits, most).facts)}
    people, by = _people(run, pipeline, "whom a training learns from")
    sample = draw(slug, counted.visits, most, people, by)
    name = _kept(run, pipeline, "sample.json", sample.users)
    return {"sample": name, "drawn": dict(sample.facts)}


def _batch(run: Run, pipeline: Pipeline, counted: Counted) -> dict[str, Any]:
    """Chooses whom a refresh trains on."""
    people, by = _people(run, pipeline, "whom a refresh learns from")
    users, counts = balanced_batch(counted.last, people, by)
    return {"users": _kept(run, pipeline, "users.json", users), "slices": counts}


def _people(run: Run, pipeline: Pipeline, why: str) -> tuple[list[dict[str, str]], list[str]]:
    """Attributes of those who gave them, and the names of those that are compared."""
    from ml.audit.categories import compared

    by = pipeline.options.get("by") or attributes_known(run.surface)
    reading = Reading(run.asked_by, f"{why}, run {run.pk}")
    people, names = compared(people_of(run.surface, by, reading), by)
    return people, list(names)


def _kept(run: Run, pipeline: Pipeline, name: str, users: Sequence[str] | Iterable[str]) -> str:
    path = work_folder(run) / name
    path.write_text(json.dumps(list(users)))
    return _moved(pipeline, path)


def _moved(pipeline: Pipeline, path: Path) -> str:
    """Moves a file that names people into the storage; returns its name there."""
    name = artefacts.keep(path, f"{kept_visits.snapshot_folder(pipeline)}/{path.name}")
    path.unlink()
    return name
