"""Celery's door to training: a run is taken, a version is trained, registered and audited next."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from uiengine.errors import VersionError
from webapp import mappers
from webapp.subjects.erasure import training_record
from webapp.subjects.models import TrainingErasure
from webapp.surfaces.models import Surface

from . import artefacts, runs
from .gate import innate_version, manifest_read, version_store
from .models import Run
from .stored import stored_visits, visits_count

PARTS = {Run.Kind.RETRAIN: "codebooks.retrain", Run.Kind.AUDIT: "audits.audit"}


@shared_task(name="codebooks.retrain")  # type: ignore[untyped-decorator]
def retrain(run_id: int) -> None:
    run = retrain_run(run_id)
    if run is None or run.state != Run.State.DONE or not run.result.get("is_new"):
        return
    audit, _ = runs.run_request(
        kind=Run.Kind.AUDIT,
        surface=run.surface,
        version=run.version,
        key=f"audit:after-run:{run.pk}",
        by=run.asked_by,
    )
    run_enqueue(audit)


def retrain_run(run_id: int, watch: runs.Progress | None = None) -> Run | None:
    """Trains a version for the run's surface and registers it whole, or not at all."""
    done = runs.run_carry_out(run_id=run_id, work=_retrain, watch=watch)
    if done is not None:
        shutil.rmtree(work_folder(done), ignore_errors=True)
    return done


def _retrain(hold: runs.Hold) -> None:
    run = hold.run
    folder = work_folder(run) / "version"
    parent = innate_version()
    count = visits_count(run.surface)
    if not _is_complete(folder):
        _train(hold, folder)
    hold.show(0.97, "registering")
    with transaction.atomic():
        name = f"{run.surface.slug}-{manifest_read(folder)['id']}"
        version, is_new = version_store(
            folder=folder, name=name, surfaces=[run.surface], parent=parent
        )
        result = {"version": version.name, "is_new": is_new, "visits": count}
        hold.finish(result, version)


def _train(hold: runs.Hold, folder: Path) -> None:
    from ml.data import DataError
    from ml.rows import visits_frame
    from ml.settings import Settings
    from ml.train import TooLittleDataError, train_version

    run = hold.run
    hold.show(0.0, "collecting visits")
    visits = visits_frame(stored_visits(run.surface))
    training_record(run=run, keys=visits["user"].unique())
    shutil.rmtree(folder, ignore_errors=True)
    innate = innate_version()
    start = artefacts.local(innate.folder) if innate else None
    try:
        train_version(
            visits,
            folder,
            surfaces={run.surface.slug: mappers.to_surface(run.surface)},
            innate=start,
            seed=int(run.options.get("seed", 0)),
            progress=lambda share, doing: hold.show(0.02 + 0.94 * share, doing),
            settings=Settings().smoke() if run.options.get("smoke") else None,
        )
    except (TooLittleDataError, DataError, VersionError) as error:
        raise runs.RefusedRunError(str(error)) from error


def _is_complete(folder: Path) -> bool:
    """Whether a worker that died before registering left a whole version behind."""
    try:
        manifest_read(folder)
    except VersionError:
        return False
    return True


def work_folder(run: Run) -> Path:
    return Path(settings.VAR_DIR) / "runs" / str(run.pk)


def run_enqueue(run: Run) -> None:
    """Sends the hint once the row is there. A broker that is away is made up for by the sweep."""
    from webapp.celery import app

    transaction.on_commit(lambda: app.send_task(PARTS[Run.Kind(run.kind)], [run.pk]), robust=True)


@shared_task(name="codebooks.sweep")  # type: ignore[untyped-decorator]
def sweep() -> int:
    """Asks again for runs whose message or worker was lost."""
    lost = runs.runs_sweep()
    for run in Run.objects.filter(pk__in=lost):
        run_enqueue(run)
    return len(lost)


@shared_task(name="codebooks.retrain_all")  # type: ignore[untyped-decorator]
def retrain_all() -> int:
    """A retrain for each surface in use that has new visits since the last one, or whose last one
    was trained with somebody who was erased."""
    today = timezone.now().date()
    return sum(_retrain_if_new(surface, today) for surface in _surfaces_in_use())


def _surfaces_in_use() -> list[Surface]:
    return list(Surface.objects.exclude(mode=Surface.Mode.OFF))


def _retrain_if_new(surface: Surface, today: date) -> bool:
    done = Run.objects.filter(kind=Run.Kind.RETRAIN, surface=surface, state=Run.State.DONE)
    last: dict[str, Any] = getattr(done.first(), "result", {})
    is_new_data = visits_count(surface) > last.get("visits", 0)
    if not is_new_data and not TrainingErasure.objects.filter(run=done.first()).exists():
        return False
    key = f"retrain:{surface.slug}:{today.isoformat()}"
    run, is_new = runs.run_request(kind=Run.Kind.RETRAIN, surface=surface, key=key, by="schedule")
    if is_new:
        run_enqueue(run)
    return is_new
