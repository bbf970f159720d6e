"""The work of each step of a pipeline. `steps` runs them; a step ends with `lease.finish`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

from django.conf import settings

from uiengine.errors import VersionError
from webapp.codebooks.gate import conditions
from webapp.codebooks.gate.churn import churn, ungated_by
from webapp.codebooks.gate.clearance import PromotionError
from webapp.codebooks.gate.outcome import Outcome, held
from webapp.codebooks.gate.rollout import after_gate
from webapp.codebooks.models import CodebookVersion, GateReport, Pipeline, Run
from webapp.codebooks.pipeline import kept_visits
from webapp.codebooks.pipeline.churn.jobs import churn_between
from webapp.codebooks.pipeline.collecting.jobs import (
    WORK,
    collected,
    collecting_run,
    pipeline_of,
)
from webapp.codebooks.pipeline.judging import (
    audited_before,
    late_held,
    most_seconds,
    stopped_by,
)
from webapp.codebooks.pipeline.kept_visits import snapshot_folder
from webapp.codebooks.pipeline.lease import Lease, RefusedRunError, bad_values
from webapp.codebooks.pipeline.parts.together import parts_forget
from webapp.codebooks.pipeline.replaying.jobs import files_fetched, held_back_paired
from webapp.codebooks.pipeline.start import Start, champion_of, folder_of, parent_of, start_of
from webapp.codebooks.pipeline.sums.jobs import OF_LEARNERS, sums_read
from webapp.codebooks.pipeline.work_folder import work_folder
from webapp.codebooks.registry import artefacts
from webapp.codebooks.registry.store import version_store
from webapp.lib import database, stored_files
from webapp.subjects.models import TrainingErasure
from webapp.surfaces import mappers

Read = TypeVar("Read")
SMOKE_PEOPLE = 200
"""Number of random people that the gate of a smoke run checks."""
MOST_TRIES = 20
"""Times that visits are collected for one step, because people are erased meanwhile."""


class Material(NamedTuple):
    """What a training learns from.

    visits: `ml.data.shard_files.VisitFiles` of those who are learned from. everyone:
    `ml.data.sums.Sums` of all who may be. users: whom a refresh trains on. drawn: how many visits
    and people of how many, for the card.
    """

    visits: Any
    everyone: Any
    users: set[str]
    drawn: Mapping[str, Any] | None


def collect(lease: Lease) -> None:
    """Saves today's visits for the later steps; for a refresh, also the people to learn from."""
    lease.show(0.0, "collecting visits")
    _collect_until_saved(lease, lease.finish)


def _collect_until_saved(lease: Lease, save: Callable[[dict[str, Any]], None]) -> None:
    """Collects again while somebody is erased meanwhile, so that no file keeps them."""
    pipeline = pipeline_of(lease)
    while True:
        seen = kept_visits.erasures_seen(pipeline)
        try:
            result = collected(lease, seen)
        except kept_visits.VoidError:
            kept_visits.files_sweep()
            continue
        with database.atomic():
            if kept_visits.is_as_seen(pipeline, seen):
                TrainingErasure.objects.filter(run=collecting_run(pipeline)).delete()
                save(result)
                break
        kept_visits.files_sweep()
    stored_files.clear(snapshot_folder(pipeline), ("people",))


def train(lease: Lease) -> None:
    """Trains weights, codes and card; `export` makes a version from them."""
    from ml.data.errors import DataError
    from ml.training.start import TooLittleDataError
    from ml.versions import draft

    run, pipeline = lease.run, pipeline_of(lease)
    path = work_folder(run) / "draft.pt"
    refreshes = pipeline.kind == Pipeline.Kind.REFRESH
    start = start_of(run.surface, is_anew=bool(run.options.get("anew")), refreshes=refreshes)
    make = _refreshed if refreshes else _retrained
    try:
        draft.save(make(lease, start, _learned(lease)), path)
    except DataError as error:
        raise bad_values(error) from error
    except (TooLittleDataError, VersionError) as error:
        raise RefusedRunError(str(error)) from error
    parent = start.parent.pk if start.parent else None
    lease.finish({"file": stored_files.keep(path, _file(pipeline, path)), "parent": parent})


def _retrained(lease: Lease, start: Start, material: Material) -> Any:
    from ml.learning.settings import Settings
    from ml.training.train import train_draft

    surface, options = lease.run.surface, lease.run.options
    return train_draft(
        material.visits,
        surfaces={surface.slug: mappers.to_surface(surface)},
        innate=folder_of(start.innate),
        champion=folder_of(start.champion),
        seed=int(options.get("seed", 0)),
        progress=lease.show,
        settings=Settings().smoke() if options.get("smoke") else None,
        everyone=material.everyone,
        sample=material.drawn,
        scratch=work_folder(lease.run),
    )


def _refreshed(lease: Lease, start: Start, material: Material) -> Any:
    from ml.training.refresh import STEPS, refresh_draft

    surface, options = lease.run.surface, lease.run.options
    champion = folder_of(start.champion)
    if champion is None:
        raise RefusedRunError(
            f"surface: {surface.slug} has no champion to refresh. "
            f"Retrain instead: manage.py retrain --surface {surface.slug}"
        )
    return refresh_draft(
        material.visits,
        material.users,
        champion,
        surfaces={surface.slug: mappers.to_surface(surface)},
        seed=int(options.get("seed", 0)),
        steps=8 if options.get("smoke") else STEPS,
        progress=lease.show,
        everyone=material.everyone,
        sample=material.drawn,
        scratch=work_folder(lease.run),
    )


def export(lease: Lease) -> None:
    """Exports ONNX, checks its parity, learns what its books need, and registers the version in one
    transaction."""
    from ml.books.learn import enough, learn_books
    from ml.progress import within
    from ml.versions import draft
    from ml.versions.onnx_export import ExportError

    run, pipeline = lease.run, pipeline_of(lease)
    lease.show(0.0, "exporting")
    folder = work_folder(run) / "version"
    shutil.rmtree(folder, ignore_errors=True)
    left = pipeline.result[Run.Kind.TRAIN]
    try:
        card = draft.load(stored_files.fetch(left["file"], work_folder(run))).export(folder)
    except ExportError as error:
        raise RefusedRunError(str(error)) from error
    pages = {run.surface.slug: mappers.to_surface(run.surface)}
    material = _learned(lease)
    show = within(lease.show, 0.3, 0.6)
    few = enough(material.visits)
    card["id"] = learn_books(folder, few, pages, show, material.everyone)
    lease.show(0.9, "registering")
    with database.atomic():
        parent = parent_of(left, pipeline)
        name = f"{run.surface.slug}-{card['id']}"
        version, is_new = version_store(
            folder=folder, name=name, surfaces=[run.surface], parent=parent
        )
        result = {"version": version.name, "is_new": is_new, "parity": card["parity"]}
        same = f"The same visits gave the same version {version.name}."
        lease.finish(result, version, None if is_new else Outcome(same))


def replay(lease: Lease) -> None:
    """Prices the layouts that this version and the champion would have shown to held-back people,
    and counts what the change of versions moves for people as they are."""
    from ml.evaluation.random_people import decision_seconds
    from ml.progress import within

    run, pipeline = lease.run, pipeline_of(lease)
    version, champion = _version(lease), champion_of(run.surface)
    versions = {"challenger": version}
    if champion is not None and champion != version:
        versions["champion"] = champion
    surface = mappers.to_surface(run.surface)
    # Looked at first, as replaying all visits would take a slow version days.
    loaded = artefacts.load(version.folder, version.manifest)
    if late_held(lease, version, champion, decision_seconds(loaded, surface)):
        return
    paired = _read_collected(lease, lambda left: held_back_paired(lease, left, versions))
    churned = None
    if "champion" in versions:
        show = within(lease.show, 0.9, 0.1)
        churned = churn_between(run, versions["champion"], version, show)
    path = work_folder(run) / "seconds.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([paired.champion, paired.challenger]))
    lease.finish(
        {
            "file": stored_files.keep(path, _file(pipeline, path)),
            "against": versions["champion"].name if "champion" in versions else paired.against,
            "champion": champion.pk if champion else None,
            "people": len(paired.challenger),
            "visits": paired.visits,
            "churn": churned,
        }
    )
    stored_files.clear(snapshot_folder(pipeline), ("people",))


def gate(lease: Lease) -> None:
    """Judges the version by the five conditions; unless all pass, the pipeline ends held."""
    from ml.evaluation.held_back import interval
    from ml.evaluation.random_people import broken_rules, decision_seconds

    run, left = lease.run, pipeline_of(lease).result
    version, replayed, audited = _version(lease), left[Run.Kind.REPLAY], left[Run.Kind.AUDIT]
    seconds = json.loads(stored_files.fetch(replayed["file"], work_folder(run)).read_text())
    found = interval(*seconds)
    people = SMOKE_PEOPLE if run.options.get("smoke") else settings.UIENGINE_GATE_PEOPLE
    loaded = artefacts.load(version.folder, version.manifest)
    surface = mappers.to_surface(run.surface)
    broken = broken_rules(loaded, surface, people, progress=lease.show)
    limits = {"seconds": decision_seconds(loaded, surface), "most_seconds": most_seconds()}
    champion = CodebookVersion.objects.filter(pk=replayed["champion"]).first()
    ungated = ungated_by(champion)
    refreshes = pipeline_of(lease).kind == Pipeline.Kind.REFRESH  # for slices, not for the mean
    energy = conditions.energy(
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        against="champion" if replayed["champion"] else "default layout",
        people=replayed["people"],
        visits=replayed["visits"],
        needs_gain=bool(champion and not ungated and not refreshes),
    )
    with database.atomic():
        report = conditions.report_save(
            surface=run.surface,
            version=version,
            champion=champion,
            conditions=[
                conditions.parity(version.card),
                energy,
                conditions.guardrails(broken, people, **limits),
                conditions.audit(*audited_before(version, run.surface, audited)),
                # empty after an earlier release's replay
                churn(replayed.get("churn", {}), ungated),
            ],
            is_smoke=people < settings.UIENGINE_GATE_PEOPLE,
        )
        is_passed = report.verdict == GateReport.Verdict.PASSED
        outcome = None if is_passed else held(stopped_by(report))
        result = {"report": report.pk, "verdict": report.verdict}
        lease.finish(result, version, outcome)


def promote(lease: Lease) -> None:
    """Promotes the version, or applies the surface's other rollout setting."""
    version = _version(lease)
    with database.atomic():
        try:
            outcome = after_gate(version=version, surface=lease.run.surface)
        except (PromotionError, VersionError) as error:
            outcome = held(f"{version.name} {error.problem}.")
        lease.finish({"version": version.name}, version, outcome)


def _version(lease: Lease) -> CodebookVersion:
    if lease.run.version is None:
        raise RefusedRunError(f"the version of run {lease.run.pk} is gone. Retrain.")
    return lease.run.version


def _learned(lease: Lease) -> Material:
    """What a training learns from: a file in the work folder, which is read part by part."""
    from ml.data.shard_files import users_kept
    from ml.evaluation.held_back import is_held_back

    slug = lease.run.surface.slug

    def read(left: Mapping[str, Any]) -> Material:
        users, sample = (
            set(json.loads(stored_files.read(left[name]))) if name in left else None
            for name in ("users", "sample")
        )
        wanted = sample if sample is None else sample | (users or set())

        def is_wanted(user: str) -> bool:
            return (wanted is None or user in wanted) and not is_held_back(slug, user)

        paths = files_fetched(left["files"], work_folder(lease.run))
        visits = users_kept(paths, is_wanted, work_folder(lease.run) / f"{uuid4()}.parquet")
        everyone = sums_read([left[OF_LEARNERS]])
        return Material(visits, everyone, users or set(), left.get("drawn"))

    return _read_collected(lease, read)


def _read_collected(lease: Lease, read: Callable[[Mapping[str, Any]], Read]) -> Read:
    """Reads files that collecting left. Collects again if an erasure has voided them.

    left["erasures"] is the `seen` of parts that read the files.
    """
    pipeline = pipeline_of(lease)
    for number in range(MOST_TRIES):
        left = kept_visits.collected(pipeline)
        try:
            found = read(left)
            if kept_visits.collected(pipeline) == left:
                return found
        except (KeyError, FileNotFoundError, kept_visits.VoidError):
            if number:  # the parts that this run collected are gone, too
                parts_forget(lease.run, WORK)
            lease.show(0.0, "collecting visits again, without people who were erased")
            _collect_until_saved(lease, partial(kept_visits.collected_save, pipeline))
    raise RefusedRunError(
        f"the collected visits were gone {MOST_TRIES} times. Look at the storage."
    )


def _file(pipeline: Pipeline, path: Path) -> str:
    """The storage name by which later steps fetch the file."""
    return f"{snapshot_folder(pipeline)}/{path.name}"
