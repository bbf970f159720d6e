"""Replays shards of people, by as many processes as wanted, and joins their lines in time order.

What a walk needs of other people is made first; then each person's past is walked alone, so that
any split into shards gives the same lines, but for the milliseconds that decisions took.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from ml.data.histories import RecordedVisit
from ml.evaluation.one_core import one_core
from ml.evaluation.policies import policy
from ml.evaluation.replay import replay
from ml.progress import Progress
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.shards import shard_of
from uiengine.page.surface import Surface

SHARDS_EACH = 4
"""Shards of people a process: a process that is late, or dies, costs one of them."""


@dataclass(frozen=True)
class Walk:
    """What the walks of all shards share.

    popularity: `ml.data.histories.popularity_by_day` of everybody's visits. version: a folder, None
    for policies without tokens.
    """

    surfaces: Mapping[str, Surface]
    defaults: Mapping[str, Sequence[str]]
    popularity: Mapping[tuple[str, int], Popularity]
    policy: str
    version: Path | None
    bits: int
    seed: int
    entries: int
    is_declared: bool


def walk_shard(walk: Walk, visits: Sequence[RecordedVisit], out: Path) -> None:
    """Writes the lines of a shard. visits: all of its people, in time order.

    Does nothing where the file is there: it has its name only when it is whole.
    """
    if out.exists():
        return
    version = one_core(walk.version) if walk.version else None
    decide = policy(walk.policy, version, walk.defaults, walk.bits, walk.seed, walk.entries)
    part = out.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        for line in replay(
            visits,
            walk.surfaces,
            walk.defaults,
            decide,
            is_declared=walk.is_declared,
            popularity=walk.popularity,
        ):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    part.rename(out)


def join_shards(
    visits: Sequence[RecordedVisit], shard: Mapping[str, int], files: Mapping[int, Path], out: Path
) -> None:
    """Writes the shards' lines in the order of the visits. shard: of each user."""
    with ExitStack() as stack:
        file = stack.enter_context(out.open("w", encoding="utf-8"))
        lines = {n: stack.enter_context(p.open(encoding="utf-8")) for n, p in files.items()}
        for visit in visits:
            file.write(next(lines[shard[visit.user]]))


def replay_by(
    workers: int,
    walk: Walk,
    visits: Sequence[RecordedVisit],
    out: Path,
    work: Path,
    progress: Progress = lambda share, text: None,
) -> None:
    """Replays the visits by so many processes. work: a folder for the shards' files."""
    count = SHARDS_EACH * workers
    shard = {user: shard_of(user) % count for user in {visit.user for visit in visits}}
    of: dict[int, list[RecordedVisit]] = {}
    for visit in visits:
        of.setdefault(shard[visit.user], []).append(visit)
    files = {number: work / f"{number}.jsonl" for number in of}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
        walks = [processes.submit(walk_shard, walk, of[n], file) for n, file in files.items()]
        for done, one in enumerate(as_completed(walks), 1):
            one.result()
            progress(done / len(walks), f"{done} of {len(walks)} shards")
    join_shards(visits, shard, files, out)
