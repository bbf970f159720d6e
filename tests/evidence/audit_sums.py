"""Audits from sums beside the stratified bootstrap: how often their intervals hold, time, memory.

    python -m tests.evidence.audit_sums [--people 1000000]

*Small slices*: of so many people out of 1,000 more, two metrics and two spreads of use; share of
95 % intervals that hold the truth. *Days taken for people*: the same, where a person's days are
squared by themselves. *Audit*: simulated people with five attributes and their crossings, from a
Parquet file with a row per person and day, made into sums by DuckDB in blocks of people.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import pickle
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import reduce
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from ml.audit.rows import sliced_rows
from ml.audit.strata import Strata, joined, strata_of
from ml.audit.sums import GRID, linear_effects, sums_of
from ml.evaluation.metrics import METRICS
from ml.evaluation.statistics import Effects, bootstrap_effects, interval

ATTRIBUTES = {"gender": 3, "age": 6, "disability": 2, "region": 12, "education": 5}
"""Values of each attribute of the simulated people."""
DAYS, BLOCK = 5, 1 << 16
DRAWS, LOOKS = 1000, 1000
COLUMNS = sorted({c for m in METRICS for c in (m.numerator, m.denominator, m.visits)})


def few_people(people: int, spread: float, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Numerators and denominators of seconds and blocks moved, (people, 2)."""
    visits = np.ceil(rng.lognormal(1.5, spread, people))
    seconds = visits * rng.uniform(1.0, 3.0, people)
    saved = rng.normal(-0.03, 0.09, people) * seconds
    moved = rng.poisson(visits * rng.gamma(2.0, 0.25, people))
    return np.stack([saved, moved], 1), np.stack([seconds, visits], 1)


def held(people: int, spread: float, looks: int, seed: int) -> dict[str, Any]:
    """Shares of intervals that hold the truth, of seconds and of blocks moved."""
    rng = np.random.default_rng(seed)
    cells = (np.arange(people + 1000) < people).astype(np.int64)
    count = {"sums": np.zeros(2), "bootstrap": np.zeros(2)}
    for look in range(looks):
        above, below = few_people(len(cells), spread, rng)
        found = {
            "sums": linear_effects(sums_of(above, below, below, cells, 2)),
            "bootstrap": bootstrap_effects(above, below, cells, 300, look),
        }
        for name, effects in found.items():
            count[name] += [_holds(effects, column) for column in range(2)]
    of = {name: [round(float(share), 4) for share in n / looks] for name, n in count.items()}
    return {"name": "audit_small_slices", "people": people, "spread": spread, "looks": looks, **of}


def _holds(effects: Effects, column: int) -> bool:
    of = (effects.estimate, effects.error, effects.freedom)
    ends = interval(*(float(figure[1, column]) for figure in of), 0.05)
    return ends is None or ends[0] <= 0.0 <= ends[1]


def days_for_people(looks: int, seed: int) -> dict[str, Any]:
    """A person's days resemble each other: 4 points of spread within, 8 points between people."""
    rng = np.random.default_rng(seed)
    count = {"people": 0, "days": 0}
    for _ in range(looks):
        cells = (rng.random(1000) < 0.3).astype(np.int64)
        seconds = rng.lognormal(1.0, 0.4, (1000, DAYS)) * rng.lognormal(0.5, 0.7, (1000, 1))
        saved = rng.normal(-0.03, 0.08, (1000, 1)) + rng.normal(0.0, 0.04, seconds.shape)
        extra, of = saved * seconds, {"people": (1000, DAYS), "days": (1000 * DAYS, 1)}
        for name, shape in of.items():
            above, below = (v.reshape(shape).sum(1)[:, None] for v in (extra, seconds))
            each = np.repeat(cells, len(above) // 1000)
            count[name] += _holds(linear_effects(sums_of(above, below, below, each, 2)), 0)
    shares = {name: round(n / looks, 4) for name, n in count.items()}
    return {"name": "audit_days_taken_for_people", "looks": looks, "held": shares}


def simulate(people: int, file: Path) -> None:
    """Writes a row per person and day, days scattered over the file."""
    shares = ", ".join(
        f"({n} * pow(hash(u * {i + 7}) / 1.8446744073709552e19, 2))::int::varchar as {name}"
        for i, (name, n) in enumerate(ATTRIBUTES.items())
    )
    values = ", ".join(f"random() * {i % 3 + 1} as {name}" for i, name in enumerate(COLUMNS))
    base = duckdb.connect()
    base.execute("SET threads=1; SET enable_progress_bar=false; SELECT setseed(0.5)")
    base.execute(
        f"COPY (SELECT 'page' as surface, u as user, {shares}, {values} "
        f"FROM range({people}) people(u), range({DAYS}) days(d)) TO '{file}' (FORMAT parquet)"
    )


def people_of(file: Path) -> Iterator[pd.DataFrame]:
    """Yields blocks of people with their sums over days, on the grid."""
    base = duckdb.connect()
    base.execute("SET threads=1; SET enable_progress_bar=false; SET memory_limit='200MB'")
    base.execute(f"SET temp_directory='{file.parent}'")
    sums = ", ".join(f"sum(round({c} / {GRID})::bigint)::double * {GRID} as {c}" for c in COLUMNS)
    names = ", ".join(f"any_value({name}) as {name}" for name in ATTRIBUTES)
    base.execute(f"SELECT surface, user, {names}, {sums} FROM '{file}' GROUP BY surface, user")
    while len(block := base.fetch_df_chunk(BLOCK // 2048)):
        yield block


def made(file: Path) -> dict[str, Any]:
    strata = sums_of_file(file)
    file.with_suffix(".sums").write_bytes(pickle.dumps(strata))
    return {"strata": len(strata.keys)}


def sums_of_file(file: Path) -> Strata:
    blocks = (strata_of(block, list(ATTRIBUTES), METRICS) for block in people_of(file))
    return reduce(lambda one, other: joined([one, other]), blocks)


def audited(file: Path) -> dict[str, Any]:
    rows = sliced_rows(pickle.loads(file.with_suffix(".sums").read_bytes()), METRICS, 1)
    return {"rows": len(rows), "users": max(row["users"] + row["rest_users"] for row in rows)}


def bootstrapped(file: Path) -> dict[str, Any]:
    """Only effects and errors, by the reference."""
    people = pd.concat(people_of(file))
    above, below = (people[[getattr(m, n) for m in METRICS]].to_numpy() for n in _SIDES)
    singles = [(name,) for name in ATTRIBUTES]
    for names in [*singles, *combinations(ATTRIBUTES, 2)]:
        cells = people.groupby(list(names)).ngroup().to_numpy()
        bootstrap_effects(above, below, cells, DRAWS, 0)
    return {"users": len(people)}


_SIDES = ("numerator", "denominator")


def measured(work: Callable[[Path], dict[str, Any]], file: Path) -> dict[str, Any]:
    """Runs the work in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_timed, (work, file))


def _timed(work: Callable[[Path], dict[str, Any]], file: Path) -> dict[str, Any]:
    began, cpu = time.perf_counter(), time.process_time()
    found = work(file)
    seconds = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**found, **{k: round(v, 2) for k, v in seconds.items()}, "peak_mb": round(peak)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.evidence.audit_sums")
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--bootstrap-people", type=int, default=10_000)
    parser.add_argument("--looks", type=int, default=LOOKS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for people, works in (
            (options.people, (made, audited)),
            (options.bootstrap_people, (made, audited, bootstrapped)),
        ):
            file = Path(folder) / f"{people}.parquet"
            simulate(people, file)
            for work in works:
                line = {"name": f"audit_{work.__name__}", "simulated": True, "people": people}
                print(json.dumps({**line, **measured(work, file)}), flush=True)
    print(json.dumps(days_for_people(options.looks, 0)), flush=True)
    for people in (10, 20, 30, 50, 100, 300):
        for spread in (0.7, 1.3):
            print(json.dumps(held(people, spread, options.looks, people)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
