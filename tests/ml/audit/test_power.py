"""Chains of retrains, in small; `make evidence` runs them in full."""

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from ml.audit.pools import replay_pool, simulated_pool
from ml.audit.power import RETRAINS, bootstrap, chain, linear, main

METHODS = (linear, bootstrap)


@pytest.fixture(scope="module")
def pool():
    return simulated_pool(0)


def test_quiet_chains_stay_quiet_and_mostly_say_within(pool):
    chains = [chain(pool, 4000, [0.0] * RETRAINS, seed)[0] for seed in range(4)]

    said = np.array(chains)
    assert not (said == "exceeds").any()
    assert (said == "within").mean() >= 0.8


def test_creep_is_caught_by_the_sixth_version(pool):
    costs = [0.01 * version for version in range(1, 7)]

    chains = [chain(pool, 4000, costs, seed)[0] for seed in range(4)]

    assert all("exceeds" in verdicts for verdicts in chains)


def test_the_naive_gate_misses_creep_by_small_steps(pool):
    costs = [0.005 * version for version in range(1, 7)]

    verdicts, naive = chain(pool, 4000, costs, 1)

    assert "exceeds" in verdicts
    assert not any(naive)


def test_a_pool_holds_each_persons_windows_of_28_days():
    days = [1, 2, 29, 1]
    values = pd.DataFrame(
        {
            "surface": "p",
            "user": ["a", "a", "a", "b"],
            "instant": [datetime(2030, 1, 1 + d % 28, tzinfo=UTC) for d in days],
            "extra_seconds": [1.0, 2.0, 3.0, 4.0],
            "explored": 0.0,
            "moved": 1.0,
            "default_seconds": 10.0,
            "visits": 1.0,
        }
    )
    values.loc[2, "instant"] = datetime(2030, 1, 31, tzinfo=UTC)

    pool = replay_pool(values)

    assert list(pool.count) == [2, 1]
    assert list(pool.sums[:, 0]) == [3.0, 3.0, 4.0]
    assert list(pool.first) == [0, 2]


def test_the_command_prints_its_figures(capsys):
    assert main(["--smoke"]) == 0

    (seed,) = json.loads(capsys.readouterr().out.splitlines()[-1])["seeds"]
    assert {"quiet_chains_alarmed", "naive_quiet_chains_alarmed", "power_curve"} < set(seed)
    assert seed["bootstrap"]["agreed"] >= 0.95


def test_sums_say_what_the_bootstrap_says(pool):
    """Of chains that creep past the tolerance, so that every verdict occurs."""
    costs = [0.006 * version for version in range(RETRAINS)]

    said = {how: [chain(pool, 2000, costs, s, how)[0] for s in range(6)] for how in METHODS}

    mine, other = (np.ravel(verdicts) for verdicts in said.values())
    assert {"within", "exceeds", "inconclusive"} <= set(other)
    assert (mine == other).mean() >= 0.9
