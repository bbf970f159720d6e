"""Measures how often the audit's verdicts err, over whole chains of retrains.

    python -m ml.audit.power [--replay FILE.jsonl --visits VISITS…] [--chains 200] [--users 4000]

A chain simulates the life of one product: a fixed set of people, one random slice of 20 %, and a
retrain and an audit against the default, the champion and the anchor every 28 days. In *quiet*
chains no version treats the slice differently from the rest; in *creeping* chains each version
costs it another 1 % of its seconds; in *edge* chains every version costs it exactly the tolerance,
the hardest case in which an alarm is still false.

Given a replay, each person is drawn with replacement from its people, and each look from that
person's own 28-day windows with visits; otherwise both are simulated. A naive gate is measured on
the same chains: it fires when the gap between the groups grew by more than 0.02.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm import tqdm

from ml.audit.rows import judged
from ml.data.tables import read_visits
from ml.evaluation.metrics import GATED, visit_values
from ml.evaluation.replay_file import read_replay, used_blocks
from ml.evaluation.statistics import bootstrap_effects, look_error, overall_verdict

Floats = npt.NDArray[np.float64]

WINDOW_DAYS = 28
SLICE_SHARE = 0.2
RETRAINS = 12
CREEP_VERSIONS = 10
CREEP = 0.01
"""Extra cost to the slice of each creeping version, as a share of the default's seconds."""
TOLERATED = 0.02
CAUGHT_BY = 6
NAIVE_STEP = 0.02
DRAWS = 200
"""Bootstrap draws per look, fewer than in a real audit; they give a standard error to 5 %."""
SPREAD = {"extra_seconds": 0.01, "explored": 0.0, "moved": 0.1}
"""Random change of one person's ratios per retrain, as standard deviations."""


@dataclass(frozen=True)
class Pool:
    """28-day windows of people.

    sums: (windows, 5), columns as in _COLUMNS. first, count: (people,), range of each one's rows.
    """

    sums: Floats
    first: npt.NDArray[np.int64]
    count: npt.NDArray[np.int64]
    source: str


_COLUMNS = ("extra_seconds", "explored", "moved", "default_seconds", "visits")
_BELOW = np.array([_COLUMNS.index(metric.denominator) for metric in GATED])
_ABOVE = np.array([_COLUMNS.index(metric.numerator) for metric in GATED])


def replay_pool(values: pd.DataFrame) -> Pool:
    """Sums the visit values of a replay (`ml.evaluation.metrics.visit_values`) by 28-day window."""
    start = values.groupby("surface")["instant"].transform("min")
    window = (values["instant"] - start).dt.days // WINDOW_DAYS
    keys = [values["surface"], values["user"], window.rename("window")]
    sums = values.groupby(keys)[list(_COLUMNS)].sum()
    count = np.asarray(sums.groupby(level=[0, 1]).size(), dtype=np.int64)
    return Pool(sums.to_numpy(dtype=np.float64), np.cumsum(count) - count, count, "replay")


def simulated_pool(seed: int, people: int = 2000, windows: int = 6) -> Pool:
    """Simulates people, each with `windows` windows.

    On average a version saves 3 % of the default's seconds. This share varies between people with a
    standard deviation of 8 points, and between the windows of a person with one of 4. The number of
    visits is log-normal, so that a few people make many.
    """
    rng = np.random.default_rng(seed)
    shape = (people, windows)
    visits = np.ceil(rng.lognormal(1.5, 0.8, (people, 1)) * rng.lognormal(0.0, 0.4, shape))
    seconds = visits * rng.uniform(1.0, 3.0, (people, 1))
    saved = rng.normal(-0.03, 0.08, (people, 1)) + rng.normal(0.0, 0.04, shape)
    moved = rng.poisson(visits * rng.gamma(2.0, 0.25, (people, 1)))
    sums = np.stack([saved * seconds, 0.0 * visits, moved, seconds, visits], axis=-1)
    first = np.arange(people) * windows
    return Pool(sums.reshape(-1, 5), first, np.full(people, windows), "simulated")


def chain(
    pool: Pool, users: int, costs: Sequence[float], seed: int
) -> tuple[list[str], list[bool]]:
    """Runs one chain; returns the audit's verdict per version and whether the naive gate fired.

    costs: per version, its cost to the slice as a share of the default's seconds.
    """
    rng = np.random.default_rng(seed)
    person = rng.integers(len(pool.first), size=users)
    cells = (rng.random(users) < SLICE_SHARE).astype(np.int64)
    spread = np.array([SPREAD[metric.numerator] for metric in GATED])
    anchor = champion = np.zeros((users, len(GATED)))
    verdicts, naive, gap_before = [], [], np.nan
    for look, cost in enumerate(costs, 1):
        window = pool.first[person] + rng.integers(pool.count[person])
        sums = pool.sums[window]
        below = sums[:, _BELOW]
        change = rng.normal(0.0, spread, (users, len(GATED)))
        change[:, 0] += cost * cells
        mine = sums[:, _ABOVE] + change * below
        against = [mine, (change - champion) * below, (change - anchor) * below]
        verdicts.append(_audit(against, below, cells, look, int(rng.integers(2**31))))
        ratios = [mine[cells == c, 0].sum() / below[cells == c, 0].sum() for c in (0, 1)]
        gap = abs(ratios[1] - ratios[0])
        naive.append(bool(gap - gap_before > NAIVE_STEP))
        champion, gap_before = change, gap
    return verdicts, naive


def _audit(
    against: Sequence[Floats], below: Floats, cells: npt.NDArray[np.int64], look: int, seed: int
) -> str:
    """Returns the verdict of one look at the slice and the rest.

    against: (users, metrics) numerators relative to default, champion and anchor.
    """
    numerators = np.concatenate(against, axis=1)
    denominators = np.concatenate([below] * len(against), axis=1)
    effects = bootstrap_effects(numerators, denominators, cells, DRAWS, seed)
    people = np.bincount(cells)
    rows = [
        {
            "estimate": effects.estimate[cell, column],
            "standard_error": effects.error[cell, column],
            "freedom": effects.freedom[cell, column],
            "tolerance": GATED[column % len(GATED)].tolerance,
            "unit": GATED[column % len(GATED)].unit,
            "users": int(people[cell]),
            "rest_users": int(people.sum() - people[cell]),
        }
        for cell in range(len(people))
        for column in range(numerators.shape[1])
    ]
    rows = judged(rows, look_error(look))
    return overall_verdict([(row["verdict"], row["users"]) for row in rows])


def experiment(pool: Pool, users: int, chains: int, seed: int, bar: Any) -> dict[str, Any]:
    """Runs quiet, edge and creeping chains of one seed.

    Figures are shares of chains, except quiet_audits_within, a share of audits.
    """
    kinds: dict[str, Sequence[float]] = {
        "quiet": [0.0] * RETRAINS,
        "edge": [TOLERATED] * RETRAINS,
        "creep": [CREEP * version for version in range(1, CREEP_VERSIONS + 1)],
    }
    runs: dict[str, list[tuple[list[str], list[bool]]]] = {kind: [] for kind in kinds}
    for number in range(chains):
        for kind, costs in kinds.items():
            runs[kind].append(chain(pool, users, costs, seed * 100_003 + number))
        bar.update()
    said = np.array([verdicts for verdicts, _ in runs["quiet"]])
    return {
        "seed": seed,
        "quiet_chains_alarmed": _caught(runs["quiet"])[-1],
        "quiet_audits_within": float((said == "within").mean()),
        "naive_quiet_chains_alarmed": _naive_caught(runs["quiet"])[-1],
        "edge_chains_alarmed": _caught(runs["edge"])[-1],
        "creep_caught_by_6": _caught(runs["creep"])[CAUGHT_BY - 1],
        "naive_creep_caught_by_6": _naive_caught(runs["creep"])[CAUGHT_BY - 1],
        "power_curve": _caught(runs["creep"]),
    }


def _caught(runs: Sequence[tuple[list[str], list[bool]]]) -> list[float]:
    """Returns per version the share of chains with an exceeding audit so far."""
    exceeds = np.array([verdicts for verdicts, _ in runs]) == "exceeds"
    return list((np.cumsum(exceeds, axis=1) > 0).mean(axis=0).round(4))


def _naive_caught(runs: Sequence[tuple[list[str], list[bool]]]) -> list[float]:
    """Returns per version the share of chains in which the naive gate has fired so far."""
    fired = np.array([fired for _, fired in runs])
    return list((np.cumsum(fired, axis=1) > 0).mean(axis=0).round(4))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ml.audit.power")
    parser.add_argument("--replay", type=Path, help="resample these people; else simulated ones")
    parser.add_argument("--visits", type=Path, nargs="+", help="the visits it replays")
    parser.add_argument("--chains", type=int, default=200, help="of each kind, per seed")
    parser.add_argument("--users", type=int, default=4000, help="people in a chain")
    parser.add_argument("--seeds", type=int, default=3, help="repetitions of the experiment")
    parser.add_argument("--smoke", action="store_true", help="a few short chains, in seconds")
    options = parser.parse_args(argv)
    if (options.replay is None) != (options.visits is None):
        parser.error("--replay and --visits go together")
    if options.smoke:
        options.chains, options.users, options.seeds = 4, 1000, 1
    started = time.monotonic()
    pool = simulated_pool(0)
    if options.replay:
        visits, _ = read_visits(options.visits)
        pool = replay_pool(visit_values(read_replay(options.replay, used_blocks(visits))))
    with tqdm(total=options.chains * options.seeds, disable=None) as bar:
        seeds = [
            experiment(pool, options.users, options.chains, seed, bar)
            for seed in range(options.seeds)
        ]
    result = {
        "name": "audit_power",
        "people": pool.source,
        "users": options.users,
        "chains": options.chains,
        "retrains": RETRAINS,
        "seeds": seeds,
        "wall_s": round(time.monotonic() - started, 1),
    }
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
