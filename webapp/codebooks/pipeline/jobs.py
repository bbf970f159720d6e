"""The bodies of the pipeline's steps; Celery's tasks and the commands call them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from uiengine.errors import VersionError
from webapp.codebooks.gate import conditions
from webapp.codebooks.gate.clearance import PromotionError
from webapp.codebooks.gate.promotion import innate_version
from webapp.codebooks.gate.rollout import after_gate
from webapp.codebooks.models import Alias, CodebookVersion, GateReport, Pipeline, Run
from webapp.codebooks.pipeline import enqueue, lease
from webapp.codebooks.pipeline.kept_visits import snapshot_folder
from webapp.codebooks.pipeline.order import ENDS, HELD, pipeline_request
from webapp.codebooks.pipeline.refresh_sample import balanced_batch
from webapp.codebooks.pipeline.stored_visits import stored_visits, visits_count
from webapp.codebooks.pipeline.work_folder import work_folder, work_sweep
from webapp.codebooks.registry import artefacts
from webapp.codebooks.registry.store import version_store
from webapp.codebooks.registry.training_record import training_record
from webapp.subjects.attributes import attributes_usual, people_of
from webapp.subjects.models import TrainingErasure
from webapp.surfaces import mappers
from webapp.surfaces.models import Surface

Frame = Any
"""A pandas table; this module cannot name the type without importing it."""
SMOKE_PEOPLE = 200
"""Random people that the gate of a smoke run looks at."""


def step_run(run_id: int, watch: lease.Progress | None = None) -> Run | None:
    """Carries out one step; None where there is nothing to take."""

    def work(hold: lease.Hold) -> None:
        WORK[Run.Kind(hold.run.kind)](hold)

    try:
        done = lease.run_carry_out(run_id=run_id, work=work, watch=watch)
    except Exception:
        work_sweep()
        raise
    if done is not None:
        shutil.rmtree(work_folder(done), ignore_errors=True)
        if done.pipeline and done.pipeline.state in (Pipeline.State.DONE, Pipeline.State.HELD):
            artefacts.clear(_kept(done.pipeline))
    return done


def pipeline_carry_out(pipeline: Pipeline, watch: lease.Progress | None = None) -> Pipeline:
    """All steps, one after the other, in this process."""
    from webapp.audits.tasks import audit_run

    while run := pipeline.runs.filter(state__in=enqueue.ACTIVE).order_by("pk").first():
        begin = audit_run if run.kind == Run.Kind.AUDIT else step_run
        if begin(run.pk, watch) is None:
            break  # another worker has it
    return Pipeline.objects.get(pk=pipeline.pk)


def _collect(hold: lease.Hold) -> None:
    """Visits as they are now, for all the steps; of a refresh also whom it learns from."""
    from ml.data.rows import visits_frame
    from ml.evaluation.held_back import split

    run, pipeline = hold.run, _pipeline(hold)
    hold.show(0.0, "collecting visits")
    count = visits_count(run.surface)
    visits = visits_frame(stored_visits(run.surface))
    trained_on, held = split(visits)
    if pipeline.kind != Pipeline.Kind.JUDGE:
        training_record(run=run, keys=trained_on["user"].unique())
    path = work_folder(run) / "visits.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    visits.to_parquet(path)
    result: dict[str, Any] = {"visits": count, "file": artefacts.keep(path, _kept(pipeline, path))}
    result["revision"] = run.surface.revision
    result["people"] = int(trained_on["user"].nunique())
    result["held_back"] = int(held["user"].nunique())
    if pipeline.kind == Pipeline.Kind.REFRESH:
        seen = trained_on.groupby("user")["when"].max().astype("int64")
        last = {str(user): int(at) for user, at in seen.items()}
        by = pipeline.options.get("by") or attributes_usual(run.surface)
        users, counts = balanced_batch(last, people_of(run.surface, by), by)
        users = pipeline.options.get("users") or users
        path = work_folder(run) / "users.json"
        path.write_text(json.dumps(users))
        result |= {"users": artefacts.keep(path, _kept(pipeline, path)), "slices": counts}
    hold.finish(result)


def _train(hold: lease.Hold) -> None:
    """Weights, codes and card, not exported yet."""
    from ml.data.tables import DataError
    from ml.training import TooLittleDataError
    from ml.versions import draft

    run, pipeline = hold.run, _pipeline(hold)
    path = work_folder(run) / "draft.pt"
    make = _refreshed if pipeline.kind == Pipeline.Kind.REFRESH else _retrained
    try:
        draft.save(make(hold, _visits(hold)), path)
    except DataError as error:
        raise lease.bad_values(error) from error
    except (TooLittleDataError, VersionError) as error:
        raise lease.RefusedRunError(str(error)) from error
    hold.finish({"file": artefacts.keep(path, _kept(pipeline, path))})


def _retrained(hold: lease.Hold, visits: Frame) -> Any:
    from ml.evaluation.held_back import split
    from ml.learning.settings import Settings
    from ml.training import train_draft

    surface, options = hold.run.surface, hold.run.options
    innate = innate_version()
    return train_draft(
        split(visits)[0],
        surfaces={surface.slug: mappers.to_surface(surface)},
        innate=artefacts.registered(innate.folder, innate.manifest) if innate else None,
        seed=int(options.get("seed", 0)),
        progress=hold.show,
        settings=Settings().smoke() if options.get("smoke") else None,
    )


def _refreshed(hold: lease.Hold, visits: Frame) -> Any:
    from ml.evaluation.held_back import split
    from ml.refresh import STEPS, refresh_draft

    surface, options = hold.run.surface, hold.run.options
    champion = _champion(surface)
    if champion is None:
        raise lease.RefusedRunError(
            f"surface: {surface.slug} has no champion to refresh. "
            f"Retrain instead: manage.py retrain --surface {surface.slug}"
        )
    name = _pipeline(hold).result[Run.Kind.COLLECT]["users"]
    return refresh_draft(
        split(visits)[0],
        set(json.loads(artefacts.fetch(name, work_folder(hold.run)).read_text())),
        artefacts.registered(champion.folder, champion.manifest),
        surfaces={surface.slug: mappers.to_surface(surface)},
        seed=int(options.get("seed", 0)),
        steps=8 if options.get("smoke") else STEPS,
        progress=hold.show,
    )


def _export(hold: lease.Hold) -> None:
    """ONNX after its parity checks; stored and registered whole, or not at all."""
    from ml.versions import draft
    from ml.versions.onnx_export import ExportError

    run, pipeline = hold.run, _pipeline(hold)
    hold.show(0.0, "exporting")
    folder = work_folder(run) / "version"
    shutil.rmtree(folder, ignore_errors=True)
    name = pipeline.result[Run.Kind.TRAIN]["file"]
    try:
        card = draft.load(artefacts.fetch(name, work_folder(run))).export(folder)
    except ExportError as error:
        raise lease.RefusedRunError(str(error)) from error
    refreshes = pipeline.kind == Pipeline.Kind.REFRESH
    parent = _champion(run.surface) if refreshes else innate_version()
    hold.show(0.9, "registering")
    with transaction.atomic():
        name = f"{run.surface.slug}-{card['id']}"
        version, is_new = version_store(
            folder=folder, name=name, surfaces=[run.surface], parent=parent
        )
        result = {"version": version.name, "is_new": is_new, "parity": card["parity"]}
        if not is_new:
            result[ENDS] = f"The same visits gave the same version {version.name}."
        hold.finish(result, version)


def _replay(hold: lease.Hold) -> None:
    """What held-back people would have been shown, by this version and by the champion."""
    from ml.evaluation.held_back import compare

    run, pipeline = hold.run, _pipeline(hold)
    version, champion = _version(hold), _champion(run.surface)
    folders = {"challenger": artefacts.registered(version.folder, version.manifest)}
    if champion is not None and champion != version:
        folders["champion"] = artefacts.registered(champion.folder, champion.manifest)
    surface = mappers.to_surface(run.surface)
    paired = compare(_visits(hold), surface, folders, work_folder(run), hold.show)
    path = work_folder(run) / "seconds.json"
    path.write_text(json.dumps([paired.champion, paired.challenger]))
    hold.finish(
        {
            "file": artefacts.keep(path, _kept(pipeline, path)),
            "against": champion.name if champion and "champion" in folders else paired.against,
            "champion": champion.pk if champion else None,
            "people": len(paired.challenger),
            "visits": paired.visits,
        }
    )


def _gate(hold: lease.Hold) -> None:
    from ml.evaluation.held_back import interval
    from ml.evaluation.random_people import broken_rules

    run, left = hold.run, _pipeline(hold).result
    version, replayed, audited = _version(hold), left[Run.Kind.REPLAY], left[Run.Kind.AUDIT]
    seconds = json.loads(artefacts.fetch(replayed["file"], work_folder(run)).read_text())
    found = interval(*seconds)
    people = SMOKE_PEOPLE if run.options.get("smoke") else settings.UIENGINE_GATE_PEOPLE
    loaded = artefacts.load(version.folder, version.manifest)
    broken = broken_rules(loaded, mappers.to_surface(run.surface), people, progress=hold.show)
    energy = conditions.energy(
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        against="champion" if replayed["champion"] else "default layout",
        people=replayed["people"],
        visits=replayed["visits"],
    )
    with transaction.atomic():
        report = conditions.report_save(
            surface=run.surface,
            version=version,
            champion=CodebookVersion.objects.filter(pk=replayed["champion"]).first(),
            conditions=[
                conditions.parity(version.card),
                energy,
                conditions.guardrails(broken, people),
                conditions.audit(audited["verdict"], audited["report"]),
            ],
            is_smoke=people < settings.UIENGINE_GATE_PEOPLE,
        )
        result: dict[str, Any] = {"report": report.pk, "verdict": report.verdict}
        if report.verdict != GateReport.Verdict.PASSED:
            result[ENDS] = f"{HELD}{_stopped_by(report)}"
        hold.finish(result, version)


def _stopped_by(report: GateReport) -> str:
    stopped = [c for c in report.conditions if c["verdict"] != GateReport.Verdict.PASSED]
    return " ".join(f"{c['name']} {c['verdict']}: {c['text']}" for c in stopped)


def _promote(hold: lease.Hold) -> None:
    """The move and the end of the step are one transaction."""
    version = _version(hold)
    with transaction.atomic():
        try:
            outcome = after_gate(version=version, surface=hold.run.surface)
        except (PromotionError, VersionError) as error:
            outcome = f"{HELD}{version.name} {error.problem}."
        hold.finish({"version": version.name, ENDS: outcome}, version)


WORK: dict[str, Callable[[lease.Hold], None]] = {
    Run.Kind.COLLECT: _collect,
    Run.Kind.TRAIN: _train,
    Run.Kind.EXPORT: _export,
    Run.Kind.REPLAY: _replay,
    Run.Kind.GATE: _gate,
    Run.Kind.PROMOTE: _promote,
}


def _pipeline(hold: lease.Hold) -> Pipeline:
    if hold.run.pipeline is None:
        raise lease.RefusedRunError(f"run {hold.run.pk} belongs to no pipeline. Ask for a new one.")
    return hold.run.pipeline


def _version(hold: lease.Hold) -> CodebookVersion:
    if hold.run.version is None:
        raise lease.RefusedRunError(f"the version of run {hold.run.pk} is gone. Retrain.")
    return hold.run.version


def _visits(hold: lease.Hold) -> Frame:
    from ml.data.rows import visits_kept

    name = _pipeline(hold).result[Run.Kind.COLLECT]["file"]
    return visits_kept(artefacts.fetch(name, work_folder(hold.run)))


def _champion(surface: Surface) -> CodebookVersion | None:
    rows = Alias.objects.filter(surface=surface, name=Alias.Name.CHAMPION)
    alias = rows.select_related("version").first()
    return alias.version if alias else None


def _kept(pipeline: Pipeline, path: Path | None = None) -> str:
    folder = snapshot_folder(pipeline)
    return f"{folder}/{path.name}" if path else folder


def _retrain_if_new(surface: Surface, today: date) -> bool:
    done = Run.objects.filter(kind=Run.Kind.COLLECT, surface=surface, state=Run.State.DONE)
    last = done.filter(pipeline__kind=Pipeline.Kind.RETRAIN).first()
    is_new_data = visits_count(surface) > (last.result.get("visits", 0) if last else 0)
    if not is_new_data and not TrainingErasure.objects.filter(run=last).exists():
        return False
    key = f"retrain:{surface.slug}:{today.isoformat()}"
    kind = Pipeline.Kind.RETRAIN
    return pipeline_request(kind=kind, surface=surface, key=key, by="schedule")[1]
