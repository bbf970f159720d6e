"""The steps train and export."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import uuid4

from uiengine.errors import VersionError
from webapp.codebooks.gate.outcome import Outcome
from webapp.codebooks.models import Pipeline, Run
from webapp.codebooks.pipeline.churn.jobs import limit_beside
from webapp.codebooks.pipeline.collecting import recollecting
from webapp.codebooks.pipeline.collecting.jobs import pipeline_of
from webapp.codebooks.pipeline.kept_visits import snapshot_folder
from webapp.codebooks.pipeline.lease import Lease, RefusedRunError, bad_values
from webapp.codebooks.pipeline.start import Start, folder_of, parent_of, start_of
from webapp.codebooks.pipeline.sums.jobs import OF_LEARNERS, sums_read
from webapp.codebooks.pipeline.work_folder import work_folder
from webapp.codebooks.registry.store import version_store
from webapp.lib import database, stored_files
from webapp.surfaces import mappers


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
    file = stored_files.keep(path, f"{snapshot_folder(pipeline)}/{path.name}")
    lease.finish({"file": file, "parent": parent})


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
        limit=None if start.innate else limit_beside(surface, start.champion),
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
        limit=limit_beside(surface, start.champion),
    )


def export(lease: Lease) -> None:
    """Exports ONNX, checks its parity, learns what its books need, and registers the version in one
    transaction."""
    from ml.books.learn import enough, learn_books
    from ml.progress import within
    from ml.versions import draft
    from ml.versions.onnx_parity import ExportError

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

        paths = stored_files.fetch_each(left["files"], work_folder(lease.run))
        visits = users_kept(paths, is_wanted, work_folder(lease.run) / f"{uuid4()}.parquet")
        everyone = sums_read([left[OF_LEARNERS]])
        return Material(visits, everyone, users or set(), left.get("drawn"))

    return recollecting.read_collected(lease, read)
