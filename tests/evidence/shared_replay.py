"""A replay and its audit by one process and by two: the same bytes, and how long each takes.

    python -m tests.evidence.shared_replay [--people 6000]

The engine with the innate version, on simulated people (`tests.evidence.planted.cohort`). Where
others use the cores, processor seconds tell more than the clock: `path_seconds` is what the parent
and its share of the children used, the time on cores of one's own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

from ml.audit.audit import audit
from ml.data.histories import pages, popularity_by_day, visits_of
from ml.data.tables import read_visits
from ml.evaluation.replay_shards import Walk, replay_by
from tests.evidence.planted import cohort

INNATE = Path("fixtures/innate")


def replayed(visits: pd.DataFrame, workers: int, home: Path) -> dict[str, Any]:
    """Writes `<workers>.jsonl` and says what it took."""
    began, before = time.perf_counter(), _cpu()
    recorded = visits_of(visits)
    surfaces = pages([visits])
    defaults = {slug: sorted(page.index) for slug, page in surfaces.items()}
    known = popularity_by_day(recorded)
    walk = Walk(surfaces, defaults, known, "engine", INNATE, 64, 0, 0, False)
    (work := home / f"work{workers}").mkdir()
    replay_by(workers, walk, recorded, home / f"{workers}.jsonl", work)
    own, children = (after - past for after, past in zip(_cpu(), before, strict=True))
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(own + children, 1),
        "path_seconds": round(own + children / workers, 1),
    }


def _cpu() -> tuple[float, float]:
    """Processor seconds of this process, and of its children that ended."""
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    own, children = (use.ru_utime + use.ru_stime for use in both)
    return own, children


def bare(file: Path) -> list[str]:
    """Lines without the time that decisions took."""
    with file.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [json.dumps({k: v for k, v in row.items() if k != "decide_ms"}) for row in rows]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.evidence.shared_replay")
    parser.add_argument("--people", type=int, default=6000)
    parser.add_argument("--visits", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        frame, people = cohort("quiet", options.people, options.visits, 0.2, 0)
        frame.to_csv(home / "visits.csv", index=False)
        rows, _ = read_visits([home / "visits.csv"])
        took, reports = {}, []
        for workers in (1, 2):
            took[workers] = replayed(rows, workers, home)
            (out := home / f"out{workers}").mkdir()
            given = (home / f"{workers}.jsonl", rows, people, ["group", "gender"])
            audit(*given, out=out, version="innate", simulated=True)
            reports.append((out / "report.json").read_bytes() + (out / "report.html").read_bytes())
        is_same = bare(home / "1.jsonl") == bare(home / "2.jsonl") and reports[0] == reports[1]
    line = {"name": "shared_replay", "simulated": True, "people": options.people}
    line |= {"visits": len(rows.drop_duplicates(["surface", "user", "at"])), "same_bytes": is_same}
    line |= {"one": took[1], "two": took[2], "load": round(os.getloadavg()[0], 1)}
    line |= {k: round(took[1][k] / took[2][k], 2) for k in ("seconds", "path_seconds")}
    print(json.dumps(line))
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
