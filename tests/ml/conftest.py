"""Fixtures: a small simulated cohort with habits, and a version trained on half of its users."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ml.data.tables import check_visits
from ml.learning.settings import Settings
from ml.training.train import train_version

KINDS = ("forum", "glossary", "news", "quiz", "reading", "search", "video")
SMALL = replace(Settings(), warm_epochs=6, code_epochs=5, codes=32, batch=128)


@pytest.fixture(autouse=True)
def two_threads() -> None:
    torch.set_num_threads(2)


def simulated_visits(users: int, visits: int, seed: int) -> pd.DataFrame:
    """Simulates users with two habits each; the page's most popular block changes mid-term."""
    generator = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        habits = generator.choice(len(KINDS), 2, replace=False)
        day = int(generator.integers(0, 5))
        for _ in range(visits):
            in_fashion = 5 if day < 25 else 2
            chance = np.full(len(KINDS), 0.05)
            chance[habits] = 0.7
            chance[in_fashion] = max(chance[in_fashion], 0.5)
            used = np.flatnonzero(generator.random(len(KINDS)) < chance)
            at = f"2024-{1 + day // 28:02d}-{1 + day % 28:02d}"
            rows += [("sim", f"u{user}", at, KINDS[b], 1) for b in used]
            day += int(generator.integers(1, 4))
    frame = pd.DataFrame(rows, columns=["surface", "user", "at", "block", "uses"])
    good, problems = check_visits(frame, "simulated")
    assert not problems
    return good


@pytest.fixture(scope="session")
def cohort() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Visits to train on, and visits of other users."""
    return simulated_visits(150, 20, 1), simulated_visits(50, 20, 2)


@pytest.fixture(scope="session")
def version_folder(
    cohort: tuple[pd.DataFrame, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    torch.set_num_threads(2)
    out = tmp_path_factory.mktemp("version") / "v"
    train_version(cohort[0], out, seed=0, settings=SMALL)
    return out
