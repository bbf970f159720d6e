"""What a training's memory and time are as visits grow, with examples in memory and on disk.

    python -m tests.evidence.examples_on_disk [--visits 50000 100000 200000 352000] [--limit 900]

Simulated people of 44 visits each (`tests.evidence.planted.cohort`) are written shard by shard, as
collecting does. Each training goes on from the innate version for one epoch, in a process of its
own. *anonymous*: the peak of the memory that is the process's own, as Linux counts it (RssAnon);
*resident*: with mapped files and libraries, which the system takes back where memory is short.
--limit: the most MB that each process may ask for beside what it holds before it reads a visit
(RLIMIT_DATA, which does not count mapped files); one that needs more ends with an error.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch

from ml.data.histories import page
from ml.data.shard_files import (
    VisitFiles,
    checked_tables,
    shards_write,
    tables_read,
    users_read,
)
from ml.data.sums import Sums
from ml.data.table_sums import table_sums
from ml.learning.settings import Settings
from ml.training.train import fine_tuning, train_draft
from tests.evidence.planted import cohort
from uiengine.behaviour.shards import shard_of

INNATE = Path("fixtures/innate")
OF_A_PERSON = 44
MB = 1_000_000
EVERY = 0.02
"""Seconds between two looks at the memory."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evidence.examples_on_disk")
    parser.add_argument("--visits", type=int, nargs="+", default=[50000, 100000, 200000, 352000])
    parser.add_argument("--limit", type=int, help="MB that a process may ask for more")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--one", nargs=2, metavar=("WHERE", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        where, path = options.one
        print(json.dumps(trained(where, Path(path), options.epochs, options.limit)))
        return
    for visits in options.visits:
        with tempfile.TemporaryDirectory(dir="var") as folder:
            path = Path(folder) / "visits.parquet"
            written(visits // OF_A_PERSON, path)
            for where in ("memory", "disk"):
                line = {"name": "examples_on_disk", "simulated": True, "visits": visits}
                print(json.dumps({**line, "where": where, **in_process(where, path)}), flush=True)


def in_process(where: str, path: Path) -> dict[str, object]:
    """Trains in a process of its own; returns what it took, or how it ended."""
    command = [sys.executable, "-m", "tests.evidence.examples_on_disk", *sys.argv[1:]]
    done = subprocess.run(
        [*command, "--one", where, str(path)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"ended": (done.stderr.strip().splitlines() or [str(done.returncode)])[-1][:120]}
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def written(people: int, path: Path) -> None:
    """Writes the visits of so many people by shard, then by person and time."""
    rows, _ = cohort("quiet", people, OF_A_PERSON, 0.2, 0)
    days = pd.to_datetime(rows["at"]).to_numpy().astype("datetime64[D]").astype(int)
    rows = rows.assign(day=days, shard=[shard_of(user) for user in rows["user"]])
    rows = rows.sort_values(["shard", "user", "at", "block"]).drop(columns="shard")
    for _ in shards_write(checked_tables(rows.itertuples(index=False, name=None)), path):
        pass


def trained(where: str, path: Path, epochs: int, limit: int | None) -> dict[str, object]:
    torch.set_num_threads(1)
    everyone, blocks = Sums(), set[str]()
    for table in tables_read([path]):
        everyone.add(table_sums(table))
        blocks |= set(table["block"].unique().to_pylist())
    count, is_on_disk = sum(everyone.visits.values()), where == "disk"
    settings = replace(Settings(), **{**fine_tuning(count), "code_epochs": epochs})
    if limit:
        most = held() + limit * MB
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    with watched() as peak:
        began = time.process_time()
        draft = train_draft(
            VisitFiles([path]) if is_on_disk else users_read([path], lambda user: True),
            surfaces={"page": page("page", sorted(blocks))},
            innate=INNATE,
            settings=settings,
            everyone=everyone,
            scratch=path.parent if is_on_disk else None,
        )
        seconds = time.process_time() - began
    weights = torch.cat([p.detach().flatten() for p in draft.fitted.codec.parameters()])
    digest = hashlib.sha256(weights.numpy().tobytes()).hexdigest()[:12]
    return {**peak, "cpu_seconds": round(seconds, 1), "weights": digest}


def held() -> int:
    """The bytes that count against RLIMIT_DATA: the process's own writable memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (found,) = (line.split()[1] for line in lines if line.startswith("VmData:"))
    return int(found) * 1024


@contextmanager
def watched() -> Iterator[dict[str, int]]:
    """Yields what is filled in with the peaks of this process's memory meanwhile, in MB."""
    peak, is_over = {"anonymous_mb": 0, "resident_mb": 0}, threading.Event()

    def look() -> None:
        names = {"RssAnon:": "anonymous_mb", "VmRSS:": "resident_mb"}
        while not is_over.wait(EVERY):
            for line in Path("/proc/self/status").read_text().splitlines():
                if name := names.get(line.split()[0]):
                    peak[name] = max(peak[name], int(line.split()[1]) * 1024 // MB)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak
    finally:
        is_over.set()
        watcher.join()


if __name__ == "__main__":
    main()
