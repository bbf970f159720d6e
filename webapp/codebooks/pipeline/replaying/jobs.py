"""The replay step: prices what held-back people would have been shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from webapp.codebooks.models import CodebookVersion, Run
from webapp.codebooks.pipeline.churn.jobs import churn_between
from webapp.codebooks.pipeline.collecting import recollecting
from webapp.codebooks.pipeline.collecting.jobs import pipeline_of
from webapp.codebooks.pipeline.gating.judging import late_held, version_of
from webapp.codebooks.pipeline.kept_visits import ERASURES, run_folder, snapshot_folder
from webapp.codebooks.pipeline.lease import Lease
from webapp.codebooks.pipeline.parts.lease import PartLease
from webapp.codebooks.pipeline.parts.split import cut_to_replay
from webapp.codebooks.pipeline.parts.together import parts_done, parts_forget, parts_given
from webapp.codebooks.pipeline.start import champion_of
from webapp.codebooks.pipeline.sums.jobs import OF_EVERYONE
from webapp.codebooks.pipeline.work_folder import work_folder
from webapp.codebooks.registry import artefacts
from webapp.lib import stored_files
from webapp.surfaces import mappers

WORK = "replay"
"""The name of its parts."""
Frame = Any
"""A pandas table; naming its type would import pandas into web processes."""


def replay(lease: Lease) -> None:
    """Prices the layouts that this version and the champion would have shown to held-back people,
    and counts what the change of versions moves for people as they are."""
    from ml.evaluation.random_people import decision_seconds
    from ml.progress import within

    run, pipeline = lease.run, pipeline_of(lease)
    version, champion = version_of(lease), champion_of(run.surface)
    versions = {"challenger": version}
    if champion is not None and champion != version:
        versions["champion"] = champion
    surface = mappers.to_surface(run.surface)
    # Looked at first, as replaying all visits would take a slow version days.
    loaded = artefacts.load(version.folder, version.manifest)
    if late_held(lease, version, champion, decision_seconds(loaded, surface)):
        return
    paired = recollecting.read_collected(
        lease, lambda left: _held_back_paired(lease, left, versions)
    )
    churned = None
    if "champion" in versions:
        show = within(lease.show, 0.9, 0.1)
        churned = churn_between(run, versions["champion"], version, show)
    path = work_folder(run) / "seconds.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([paired.champion, paired.challenger]))
    lease.finish(
        {
            "file": stored_files.keep(path, f"{snapshot_folder(pipeline)}/{path.name}"),
            "against": versions["champion"].name if "champion" in versions else paired.against,
            "champion": champion.pk if champion else None,
            "people": len(paired.challenger),
            "visits": paired.visits,
            "churn": churned,
        }
    )
    stored_files.clear(snapshot_folder(pipeline), ("people",))


def _held_back_paired(
    lease: Lease, left: Mapping[str, Any], versions: Mapping[str, CodebookVersion]
) -> Any:
    """Returns `ml.evaluation.held_back.Paired` of all held-back people.

    left: what collecting left. versions: `challenger`, and perhaps `champion`. Raises VoidError if
    somebody is erased meanwhile, FileNotFoundError if files are gone.
    """
    from ml.evaluation.held_back import paired

    asked: dict[str, Any] = {
        "files": left["files"],
        "cuts": left["cuts"],
        "versions": {name: version.pk for name, version in versions.items()},
    }
    share = share_walked(left["held_back_visits"])
    given = parts_given(lease.run, WORK, asked) or {
        **asked,
        "sums": left[OF_EVERYONE],
        "share": share,
    }
    shards = cut_to_replay(round(share * left["visits"]))
    done = parts_done(lease, WORK, shards, seen=left[ERASURES], given=given)
    try:
        return paired(frames_kept(lease.run, done), "champion" in versions)
    except FileNotFoundError:
        parts_forget(lease.run, WORK)
        raise


def share_walked(visits: int) -> float:
    """The share of people (0 to 1) whose visits are walked, where they have so many together."""
    return min(1.0, settings.UIENGINE_REPLAY_VISITS / max(visits, 1))


def replay_part(part: PartLease) -> dict[str, Any]:
    """Stores the modelled seconds of the part's held-back people, or of a share of them."""
    from ml.data.sums_json import sums_load
    from ml.evaluation.held_back import people_seconds

    given, surface = part.given, mappers.to_surface(part.run.surface)
    everyone = sums_load(stored_files.read(given["sums"]))
    seconds = people_seconds(
        _collected(part, given["files"], given["cuts"]),
        everyone.before_days(),
        surface,
        folders_of(given["versions"]),
        part.folder,
        lambda share, doing: part.show(share),
        given["share"],
    )
    return {"of_people": frame_kept(part, seconds)} if len(seconds) else {}


def folders_of(versions: Mapping[str, int]) -> dict[str, Path]:
    """Local folders of versions, given by primary key."""
    rows = {name: CodebookVersion.objects.get(pk=pk) for name, pk in versions.items()}
    return {name: artefacts.registered(row.folder, row.manifest) for name, row in rows.items()}


def frame_kept(part: PartLease, frame: Frame) -> str:
    """Moves rows of a part's people into the storage; returns the file's name there."""
    path = part.folder / f"people-{part.part.work}-{part.part.number:03}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path)
    name = stored_files.keep(path, f"{run_folder(part.run)}/{path.name}")
    path.unlink()
    return name


def frames_kept(run: Run, done: Sequence[Mapping[str, Any]]) -> Iterator[Frame]:
    """Yields the rows that each part left of its people."""
    from ml.data.rows import rows_kept

    names = (left["of_people"] for left in done if "of_people" in left)
    yield from map(rows_kept, stored_files.fetch_each(names, work_folder(run)))


def _collected(part: PartLease, files: Sequence[str], cuts: Sequence[int]) -> Iterator[Frame]:
    """Yields the visits of the part's people. cuts: the first shard after each file."""
    from ml.data.shard_files import shards_read

    starts = [0, *cuts[:-1]]
    names = (
        name
        for name, start, end in zip(files, starts, cuts, strict=True)
        if start < part.shards.stop and end > part.shards.start
    )
    for path in stored_files.fetch_each(names, part.folder):
        yield from shards_read(path, part.shards)
