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

Errors are linearised from sums, as in an audit (`ml.audit.sums`). The same chains are judged once
more with the stratified bootstrap, under `bootstrap`; `agreed` is the share of audits with the same
verdict.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from ml.audit.pools import COLUMNS, Pool, replay_pool, simulated_pool
from ml.audit.rows import judged
from ml.audit.sums import linear_effects, sums_of
from ml.data.tables import read_visits
from ml.evaluation.metrics import GATED
from ml.evaluation.pricing import visit_values
from ml.evaluation.replay_file import read_replay, used_blocks
from ml.evaluation.statistics import Effects, bootstrap_effects, look_error, overall_verdict

Floats = npt.NDArray[np.float64]

SLICE_SHARE = 0.2
RETRAINS = 12
CREEP_VERSIONS = 10
CREEP = 0.01
"""Extra cost to the slice of each creeping version, as a share of the default's seconds."""
TOLERATED = 0.02
CAUGHT_BY = 6
KINDS = {
    "quiet": [0.0] * RETRAINS,
    "edge": [TOLERATED] * RETRAINS,
    "creep": [CREEP * version for version in range(1, CREEP_VERSIONS + 1)],
}
"""Costs to the slice, by version."""
Runs = dict[str, list[tuple[list[str], list[bool]]]]
"""Verdicts of a chain and what the naive gate did, by kind."""
NAIVE_STEP = 0.02
DRAWS = 200
"""Bootstrap draws per look, fewer than in a real audit; they give a standard error to 5 %."""
Estimate = Callable[[Floats, Floats, npt.NDArray[np.int64], int], Effects]
SPREAD = {"extra_seconds": 0.01, "explored": 0.0, "moved": 0.1}
"""Random change of one person's ratios per retrain, as standard deviations."""
_BELOW = np.array([COLUMNS.index(metric.denominator) for metric in GATED])
_ABOVE = np.array([COLUMNS.index(metric.numerator) for metric in GATED])


def linear(
    numerators: Floats, denominators: Floats, cells: npt.NDArray[np.int64], seed: int
) -> Effects:
    """As an audit estimates, from sums. seed: not used."""
    slices = int(cells.max()) + 1
    return linear_effects(sums_of(numerators, denominators, denominators, cells, slices))


def bootstrap(
    numerators: Floats, denominators: Floats, cells: npt.NDArray[np.int64], seed: int
) -> Effects:
    """The reference."""
    return bootstrap_effects(numerators, denominators, cells, DRAWS, seed)


def chain(
    pool: Pool, users: int, costs: Sequence[float], seed: int, estimate: Estimate = linear
) -> tuple[list[str], list[bool]]:
    """Runs one chain; returns the audit's verdict per version and whether the naive gate fired.

    costs: per version, its cost to the slice as a share of the default's seconds. The chain is the
    same with every `estimate`.
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
        drawn = int(rng.integers(2**31))
        verdicts.append(_audit(against, below, cells, look, estimate, drawn))
        ratios = [mine[cells == c, 0].sum() / below[cells == c, 0].sum() for c in (0, 1)]
        gap = abs(ratios[1] - ratios[0])
        naive.append(bool(gap - gap_before > NAIVE_STEP))
        champion, gap_before = change, gap
    return verdicts, naive


def _audit(
    against: Sequence[Floats],
    below: Floats,
    cells: npt.NDArray[np.int64],
    look: int,
    estimate: Estimate,
    seed: int,
) -> str:
    """Returns the verdict of one look at the slice and the rest.

    against: (users, metrics) numerators relative to default, champion and anchor.
    """
    numerators = np.concatenate(against, axis=1)
    denominators = np.concatenate([below] * len(against), axis=1)
    effects = estimate(numerators, denominators, cells, seed)
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
    """Runs quiet, edge and creeping chains of one seed; `bootstrap`: the same chains judged by it.

    Figures are shares of chains, except quiet_audits_within and agreed, shares of audits.
    """
    mine, other = Runs(), Runs()
    for number in range(chains):
        for kind, costs in KINDS.items():
            of = (pool, users, costs, seed * 100_003 + number)
            mine.setdefault(kind, []).append(chain(*of, linear))
            other.setdefault(kind, []).append(chain(*of, bootstrap))
        bar.update()
    beside = {**_figures(other), "agreed": _agreed(mine, other)}
    return {"seed": seed, **_figures(mine), "bootstrap": beside}


def _agreed(mine: Runs, other: Runs) -> float:
    said = [[v for kind in KINDS for one, _ in runs[kind] for v in one] for runs in (mine, other)]
    return float(np.mean([a == b for a, b in zip(*said, strict=True)]))


def _figures(runs: Runs) -> dict[str, Any]:
    said = np.array([verdicts for verdicts, _ in runs["quiet"]])
    return {
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
