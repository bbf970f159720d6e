"""Collects an audit's visits in parts, then replays them in as many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from webapp.audits.goals import goals_reached
from webapp.audits.services import reports_earlier
from webapp.codebooks.books import entries_served
from webapp.codebooks.models import CodebookVersion, Run
from webapp.codebooks.pipeline import kept_visits
from webapp.codebooks.pipeline.collecting.jobs import visits_tables
from webapp.codebooks.pipeline.lease import Lease, RefusedRunError, bad_values
from webapp.codebooks.pipeline.parts.lease import PartLease
from webapp.codebooks.pipeline.parts.split import cut_to_replay
from webapp.codebooks.pipeline.parts.together import parts_done, parts_given
from webapp.codebooks.pipeline.replaying.jobs import folders_of, frame_kept, share_walked
from webapp.codebooks.pipeline.stored_visits import visits_count, visits_seen
from webapp.codebooks.pipeline.sums.jobs import sums_read, sums_stored
from webapp.codebooks.pipeline.work_folder import work_folder
from webapp.lib import stored_files
from webapp.lib.times import utc_now
from webapp.subjects.models import Subject
from webapp.subjects.put_away import put_away_answers
from webapp.subjects.shards import shards_fill
from webapp.surfaces import mappers

COLLECT, WALK = "audit visits", "audit"
"""The names of its parts."""
MOST_TRIES = 20
"""Times that an audit begins anew, because people are erased meanwhile."""
NOBODY = range(0)
"""Of no shard: what all parts share, without what each has of its people."""


class Walked(NamedTuple):
    """given: to the parts; previous: earlier looks; done: what the parts left."""

    given: Mapping[str, Any]
    previous: list[dict[str, Any]]
    done: list[dict[str, Any]]


def audit_walked(lease: Lease, versions: Mapping[str, CodebookVersion]) -> Walked:
    """Replays everybody's visits under the versions, again while somebody is erased meanwhile."""
    pipeline, keys = lease.run.pipeline, {name: row.pk for name, row in versions.items()}
    folders_of(keys)  # refuses a version whose files were exchanged, before anybody is walked
    for _ in range(MOST_TRIES):
        seen = kept_visits.erasures_seen(pipeline) if pipeline else 0
        try:
            return _walked(lease, keys, seen)
        except kept_visits.VoidError:
            kept_visits.files_sweep()
    raise RefusedRunError(f"people were erased {MOST_TRIES} times meanwhile. Audit again.")


def _walked(lease: Lease, versions: Mapping[str, int], seen: int) -> Walked:
    run, surface = lease.run, lease.run.surface
    shards_fill(Subject.objects.order_by())
    count = visits_count(surface)
    asked_for = {**visits_seen(surface), "share": share_walked(count)}
    left = parts_done(lease, COLLECT, cut_to_replay(count), seen=seen, given=asked_for)
    if not any(part["visits"] for part in left):
        raise RefusedRunError(
            f"surface: {surface.slug} has no visits yet. Import some: manage.py import_visits"
        )
    previous = reports_earlier(surface, last=max(part["last"] for part in left))
    asked: dict[str, Any] = {
        "files": [part["file"] for part in left],
        "versions": dict(versions),
        "since": _since(previous),
        "entries": entries_served(surface),
        "population": sum(part["people"] for part in left),
    }
    given = parts_given(run, WALK, asked)
    given = given or {**asked, "sums": _sums_joined(run, left), "now": utc_now().isoformat()}
    collected = run.parts.filter(work=COLLECT).order_by("number")
    shards = list(collected.values_list("first_shard", "end_shard"))
    done = parts_done(lease, WALK, shards, seen=seen, given=given)
    return Walked(given, previous, done)


def visits_part(part: PartLease) -> dict[str, Any]:
    """Stores the visits of those of the part's people who are walked, and what all of them did, as
    sums."""
    from ml.data.shard_files import shards_write

    path, seen = part.folder / "visits.parquet", Seen(part)
    visits, last = 0, 0.0
    for table in shards_write(seen.drawn(), path):
        times = table.select(["user", "when"]).group_by(["user", "when"]).aggregate([])
        visits += len(times)
        last = max(last, max(times["when"].to_pylist()).replace(tzinfo=UTC).timestamp())
        part.show(0.9)
    folder, number = kept_visits.run_folder(part.run), f"{part.part.number:03}"
    return {
        "file": stored_files.keep(path, f"{folder}/visits-audit-{number}.parquet"),
        "sums": sums_stored(seen.sums, part.folder / f"sums-audit-{number}.json", folder),
        "visits": visits,
        "people": seen.people,
        "last": last,
    }


class Seen:
    """Counts everybody whose visits are read: people, and `ml.data.sums`."""

    def __init__(self, part: PartLease) -> None:
        from ml.data.sums import Sums

        self.part, self.people, self.sums = part, 0, Sums()

    def drawn(self) -> Iterator[Any]:
        """Yields the visits of the share of people that is walked."""
        from ml.data.sample import is_drawn
        from ml.data.shard_files import of_users
        from ml.data.table_sums import table_sums

        slug, share = self.part.run.surface.slug, self.part.given["share"]
        for table in visits_tables(self.part):
            self.people += len(table["user"].unique())
            self.sums.add(table_sums(table))
            yield of_users(table, lambda user: is_drawn(slug, user, share))


def walk_part(part: PartLease) -> dict[str, Any]:
    """Stores a row of sums of each of the part's people, without any attribute."""
    from ml.audit.stored import people_sums
    from ml.data.errors import DataError
    from ml.data.shard_files import shards_read
    from ml.data.sums_json import sums_load

    given = part.given
    popularity = sums_load(stored_files.read(given["sums"])).before_days()
    walk = walk_of(part.run, given, part.shards, popularity)
    path = stored_files.fetch(given["files"][part.part.number], part.folder)
    try:
        made = people_sums(
            shards_read(path), walk, part.folder, lambda share, doing: part.show(share)
        )
    except DataError as error:
        raise bad_values(error) from error
    return {"of_people": frame_kept(part, made)} if len(made) else {}


def walk_of(
    run: Run, given: Mapping[str, Any], shards: range, popularity: Mapping[Any, Any] | None = None
) -> Any:
    """An `ml.audit.stored.Walk` of the people in the shards."""
    from ml.audit.goals import AuditedGoal
    from ml.audit.site_facts import SiteFacts
    from ml.audit.stored import Walk

    surface, now = run.surface, datetime.fromisoformat(given["now"])
    since = given["since"]
    return Walk(
        surface=mappers.to_surface(surface),
        versions=folders_of(given["versions"]),
        popularity=popularity or {},
        entries=given["entries"],
        site=SiteFacts(
            goals=[AuditedGoal(**fields) for fields in goals_reached(surface, now, shards)],
            answers=put_away_answers(surface, shards),
            population=given["population"],
        ),
        since=since and {page: datetime.fromisoformat(at) for page, at in since.items()},
    )


def _since(previous: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    from ml.audit.person_sums import last_seen

    last = last_seen(previous)
    return None if last is None else {page: at.isoformat() for page, at in last.items()}


def _sums_joined(run: Run, left: Sequence[Mapping[str, Any]]) -> str:
    """Stores the sums of all parts; returns the file's name."""
    everyone, path = sums_read(part["sums"] for part in left), work_folder(run) / "sums-audit.json"
    return sums_stored(everyone, path, kept_visits.run_folder(run))
