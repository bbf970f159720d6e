"""Writes a surface's visits to files in parts, and chooses whom training learns from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from webapp.codebooks.models import Pipeline, Run
from webapp.codebooks.pipeline import kept_visits
from webapp.codebooks.pipeline.collecting.packed_rows import visits_packed
from webapp.codebooks.pipeline.lease import Lease, RefusedRunError
from webapp.codebooks.pipeline.parts.lease import PartLease
from webapp.codebooks.pipeline.parts.split import cut
from webapp.codebooks.pipeline.parts.together import parts_done, parts_forget
from webapp.codebooks.pipeline.refresh_sample import balanced_batch
from webapp.codebooks.pipeline.stored_visits import stored_visits, visits_count, visits_seen
from webapp.codebooks.pipeline.sums.jobs import (
    OF_EVERYONE,
    OF_HELD_BACK,
    OF_LEARNERS,
    sums_read,
    sums_stored,
)
from webapp.codebooks.pipeline.work_folder import work_folder
from webapp.codebooks.registry.training_record import training_record
from webapp.lib import database, stored_files
from webapp.subjects.attributes import Reading, attributes_known, people_of
from webapp.subjects.models import Subject
from webapp.subjects.shards import shards_fill

WORK = "collect"
"""The name of its parts, whichever step collects."""
COUNTS = ("people", "held_back", "held_back_visits")
VISITS, LAST = 0, 1
"""Places of a learner's figures: the number of visits, and the time of the last one (µs)."""
Table = Any
"""A table of pyarrow; naming its type would import it into web processes."""


class Counted:
    """people: number of visits and time of the last one (µs), by user. sums: `ml.data.sums`."""

    def __init__(self) -> None:
        from ml.data.sums import Sums

        self.people: dict[str, tuple[int, int]] = {}
        self.sums = Sums()

    def add(self, group: Table, people: dict[str, tuple[int, int]]) -> None:
        """Counts people whose visits are all in the group."""
        from ml.data.shard_files import of_users
        from ml.data.table_sums import table_sums

        self.people |= people
        self.sums.add(table_sums(of_users(group, people.__contains__)))


def pipeline_of(lease: Lease | PartLease) -> Pipeline:
    if lease.run.pipeline is None:
        raise RefusedRunError(f"run {lease.run.pk} belongs to no pipeline. Ask for a new one.")
    return lease.run.pipeline


def collecting_run(pipeline: Pipeline) -> Run:
    """The run that training marks refer to."""
    return pipeline.runs.get(kind=Run.Kind.COLLECT)


def collected(lease: Lease, seen: int) -> dict[str, Any]:
    """Stores files of visits and people; returns their names and counts.

    files: of visits, by shard. cuts: the first shard after each file. seen: erasures before. Raises
    VoidError if somebody is erased meanwhile, or files are gone.
    """
    surface = lease.run.surface
    shards_fill(Subject.objects.order_by())
    count = visits_count(surface)
    given = {"visits": count, **visits_seen(surface), "revision": surface.revision}
    left = parts_done(lease, WORK, cut(count), seen=seen, given=given)
    lease.show(0.99, "joining what the parts collected")
    given = lease.run.parts.filter(work=WORK)[0].given  # of an earlier attempt, if it made them
    try:
        return {**given, **_joined(lease, left), kept_visits.ERASURES: seen}
    except FileNotFoundError as gone:
        parts_forget(lease.run, WORK)
        raise kept_visits.VoidError(f"{gone.filename} is gone") from gone


def collect_part(part: PartLease) -> dict[str, Any]:
    """Stores the visits of people in the part's shards, how many each may teach, and sums."""
    from ml.data.digest import shard_digests
    from ml.data.shard_files import shards_write, visits_by_user
    from ml.evaluation.held_back import is_held_back

    path, slug = part.folder / "visits.parquet", part.run.surface.slug
    digests: dict[int, str] = {}
    learners, held_back = Counted(), Counted()
    for group in shards_write(visits_tables(part), path):
        digests |= shard_digests(group)
        counted = visits_by_user(group)
        held = {user: of for user, of in counted.items() if is_held_back(slug, user)}
        learners.add(group, {user: of for user, of in counted.items() if user not in held})
        held_back.add(group, held)
        part.show(0.8)
    if _is_recorded(part.run):
        training_record(run=collecting_run(pipeline_of(part)), keys=learners.people)
    people = part.folder / "people.json"
    people.write_text(json.dumps(learners.people))
    return {
        "file": _stored(part, path),
        "of_people": _stored(part, people),
        "cut": part.shards.stop,
        "people": len(learners.people),
        "held_back": len(held_back.people),
        "held_back_visits": sum(visits for visits, _ in held_back.people.values()),
        "digests": digests,
        OF_LEARNERS: _sums_kept(part, "learners", learners.sums),
        OF_HELD_BACK: _sums_kept(part, "others", held_back.sums),
    }


def visits_tables(part: PartLease) -> Iterator[Table]:
    """Yields tables of `ml.data.shard_files.SCHEMA`, each of whole shards."""
    from ml.data.packed import PackedPerson, unpacked
    from ml.data.shard_files import checked_tables

    surface, newest = part.run.surface, int(part.given["newest"])
    if not database.is_postgres():
        yield from checked_tables(stored_visits(surface, part.shards, newest))
        return
    blocks = [block["id"] for block in surface.definition["blocks"]]
    rows = visits_packed(surface, blocks, part.shards, newest)
    part.show(0.5)
    yield unpacked(surface.slug, blocks, [PackedPerson(*row) for row in rows])


def _is_recorded(run: Run) -> bool:
    """Returns True if the visits are trained with: a later erasure marks what was made of them."""
    is_trained = run.pipeline is not None and run.pipeline.kind != Pipeline.Kind.JUDGE
    return is_trained and run.kind in (Run.Kind.COLLECT, Run.Kind.TRAIN)


def _joined(lease: Lease, left: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Joins what the parts left, and chooses whom training learns from."""
    from ml.data.digest import joined_digest

    run, pipeline = lease.run, pipeline_of(lease)
    digests = {int(n): each for part in left for n, each in part["digests"].items()}
    result: dict[str, Any] = {name: sum(part[name] for part in left) for name in COUNTS}
    result |= {"files": [part["file"] for part in left], "cuts": [part["cut"] for part in left]}
    result["sha256"] = joined_digest(digests)
    result |= _sums_joined(run, pipeline, left)
    if pipeline.kind != Pipeline.Kind.JUDGE:
        result |= _sampled(run, pipeline, _of_learners(left, VISITS))
        if pipeline.kind == Pipeline.Kind.REFRESH:
            result |= _batch(run, pipeline, _of_learners(left, LAST))
    return result


def _sums_joined(run: Run, pipeline: Pipeline, left: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Stores the sums of those who may be learned from, and those of everybody."""
    folder, work = kept_visits.snapshot_folder(pipeline), work_folder(run)
    everyone = sums_read(part[OF_LEARNERS] for part in left)
    result = {OF_LEARNERS: sums_stored(everyone, work / "sums-of-learners.json", folder)}
    everyone.add(sums_read(part[OF_HELD_BACK] for part in left))
    return {**result, OF_EVERYONE: sums_stored(everyone, work / "sums-of-everyone.json", folder)}


def _of_learners(left: Sequence[Mapping[str, Any]], which: int) -> dict[str, int]:
    """VISITS or LAST of everybody who may be learned from: one figure, as people are many."""
    found: dict[str, int] = {}
    for part in left:
        of_each = json.loads(stored_files.read(part["of_people"]))
        found.update((user, of[which]) for user, of in of_each.items())
    return found


def _sampled(run: Run, pipeline: Pipeline, visits: Mapping[str, int]) -> dict[str, Any]:
    """Draws whom training learns from; attributes are read only where that cannot be everybody."""
    from ml.data.sample import draw

    most, slug = settings.UIENGINE_RETRAIN_VISITS, run.surface.slug
    if sum(visits.values()) <= most:
        return {"drawn": dict(draw(slug, visits, most).facts)}
    people, by = _people(run, pipeline, "whom a training learns from")
    sample = draw(slug, visits, most, people, by)
    name = _kept(run, pipeline, "sample.json", sample.users)
    return {"sample": name, "drawn": dict(sample.facts)}


def _batch(run: Run, pipeline: Pipeline, last: Mapping[str, int]) -> dict[str, Any]:
    """Chooses whom a refresh trains on."""
    people, by = _people(run, pipeline, "whom a refresh learns from")
    users, counts = balanced_batch(last, people, by)
    return {"users": _kept(run, pipeline, "users.json", users), "slices": counts}


def _people(run: Run, pipeline: Pipeline, why: str) -> tuple[list[dict[str, str]], list[str]]:
    """Attributes of those who gave them, and the names of those that are compared."""
    from ml.audit.categories import compared

    by = pipeline.options.get("by") or attributes_known(run.surface)
    reading = Reading(run.asked_by, f"{why}, run {run.pk}")
    people, names = compared(_taken(people_of(run.surface, by, reading)), by)
    return people, list(names)


def _taken(rows: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Yields all rows and forgets each, so that there are no two copies of everybody."""
    rows.reverse()
    while rows:
        yield rows.pop()


def _kept(run: Run, pipeline: Pipeline, name: str, users: Sequence[str] | Iterable[str]) -> str:
    path = work_folder(run) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(users)))
    return _moved(pipeline, path, name)


def _sums_kept(part: PartLease, whose: str, sums: Any) -> str:
    path = part.folder / f"sums-of-{whose}-{part.part.number:03}.json"
    return sums_stored(sums, path, kept_visits.snapshot_folder(pipeline_of(part)))


def _stored(part: PartLease, path: Path) -> str:
    name = f"{path.stem}-{part.part.number:03}{path.suffix}"
    return _moved(pipeline_of(part), path, name)


def _moved(pipeline: Pipeline, path: Path, name: str) -> str:
    """Moves a file that names people into the storage; returns its name there."""
    kept = stored_files.keep(path, f"{kept_visits.snapshot_folder(pipeline)}/{name}")
    path.unlink()
    return kept
