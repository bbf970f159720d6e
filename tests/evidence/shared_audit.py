"""The replay step and the audit by one worker and by two: the same bytes, time and memory.

    python -m tests.evidence.shared_audit [--people 100000]

Simulated people (`tests.evidence.planted.cohort`), of whom a fifth is held back, are in parts as a
pipeline's. Each part's visits are summed up, then priced for the gate and walked for the audit
under two versions; then everything is joined. Where others use the cores, processor seconds tell
more than the clock: `path_seconds` is the parts' processor time, shared by the workers, and that of
the joins.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ml.audit.stored import Walk, people_sums, stored_report
from ml.data.histories import page, visits_of
from ml.data.sums import Sums
from ml.data.sums_json import sums_dump, sums_load
from ml.data.tables import check_visits
from ml.evaluation.held_back import paired, people_seconds
from tests.evidence.planted import BLOCKS, cohort

INNATE = Path("fixtures/innate")
PEOPLE_A_PART, VISITS = 2500, 6
PAGE = page("page", BLOCKS)
BY = ["group", "gender"]


class Took(NamedTuple):
    """What a piece of work returned, its processor seconds, and its process's peak so far in MB."""

    result: Any
    cpu: float
    peak: float


def timed(work: Callable[..., Any], *given: Any) -> Took:
    before = time.process_time()
    result = work(*given)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Took(result, time.process_time() - before, peak)


def simulate(home: Path, number: int, people: int) -> None:
    """Writes the visits and the attributes of one part's people."""
    visits, attributes = cohort("quiet", people, VISITS, 0.2, number)
    for rows in (visits, attributes):
        rows["user"] = f"{number}-" + rows["user"]
    check_visits(visits, "visits")[0].to_parquet(home / f"visits{number}.parquet")
    attributes.assign(surface="page").to_parquet(home / f"attributes{number}.parquet")


def summed(home: Path, number: int) -> str:
    return sums_dump(Sums.of(visits_of(pd.read_parquet(home / f"visits{number}.parquet"))))


def walked(home: Path, into: Path, number: int) -> None:
    """Writes what a part of the replay step, and one of the audit, leave of their people."""
    known = sums_load((into / "sums.json").read_text()).before_days()
    visits = pd.read_parquet(home / f"visits{number}.parquet")
    work, versions = into / f"work{number}", {"subject": INNATE, "champion": home / "champion"}
    folders = {"challenger": INNATE, "champion": home / "champion"}
    seconds = people_seconds([visits], known, PAGE, folders, work)
    seconds.to_parquet(into / f"seconds{number}.parquet")
    people_sums([visits], Walk(PAGE, versions, known), work).to_parquet(into / f"{number}.parquet")
    shutil.rmtree(work)


def joined(home: Path, into: Path, parts: Sequence[int]) -> bytes:
    """The seconds that the gate reads, and the report."""
    found = paired((pd.read_parquet(into / f"seconds{n}.parquet") for n in parts), True)
    people = pd.concat(pd.read_parquet(home / f"attributes{n}.parquet") for n in sorted(parts))
    walk = Walk(PAGE, {"subject": INNATE, "champion": home / "champion"}, {})
    report, html = stored_report(
        [into / f"{n}.parquet" for n in parts],
        people.to_dict("records"),
        walk,
        **{"by": BY, "previous": [], "serves": False, "simulated": True, "work": into},
    )
    return json.dumps([found.champion, found.challenger, report, html]).encode()


def measured(home: Path, parts: Sequence[int], workers: int) -> tuple[bytes, dict[str, Any]]:
    """Does all the work by so many processes; the join is one more's."""
    (into := home / f"by{workers}").mkdir()
    began, context = time.perf_counter(), get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        sums = list(pool.map(timed, *_each(summed, home, parts)))
        added = timed(_added, [one.result for one in sums], into / "sums.json")
        walks = list(pool.map(timed, *_each(walked, home, parts, into)))
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        join = pool.submit(timed, joined, home, into, parts).result()
    cpu = sum(one.cpu for one in (*sums, *walks))
    return join.result, {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(cpu + added.cpu + join.cpu, 1),
        "path_seconds": round(cpu / workers + added.cpu + join.cpu, 1),
        "join_seconds": round(added.cpu + join.cpu, 1),
        "part_mb": round(max(one.peak for one in walks)),
        "join_mb": round(join.peak),
    }


def _each(work: Callable[..., Any], home: Path, parts: Sequence[int], *more: Path) -> list[Any]:
    """Arguments of `timed` for each part."""
    return [*([one] * len(parts) for one in (work, home, *more)), parts]


def _added(texts: Sequence[str], path: Path) -> None:
    everyone = Sums()
    for text in texts:
        everyone.add(sums_load(text))
    path.write_text(sums_dump(everyone))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.evidence.shared_audit")
    parser.add_argument("--people", type=int, default=10_000)
    options = parser.parse_args()
    parts = range(max(options.people // PEOPLE_A_PART, 2))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(INNATE, home / "champion")
        for number in parts:
            simulate(home, number, options.people // len(parts))
        one, took_one = measured(home, parts, 1)
        two, took_two = measured(home, parts[::-1], 2)
    line = {"name": "shared_audit", "simulated": True, "people": options.people}
    line |= {"visits": VISITS * options.people, "parts": len(parts), "same_bytes": one == two}
    line |= {"one": took_one, "two": took_two, "load": round(os.getloadavg()[0], 1)}
    ratios = {k: round(took_one[k] / took_two[k], 2) for k in ("seconds", "path_seconds")}
    print(json.dumps(line | ratios))
    return 0 if one == two else 1


if __name__ == "__main__":
    sys.exit(main())
