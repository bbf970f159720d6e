"""Two processes started by torchrun train the model that one process trains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ml.learning import distributed
from ml.learning.settings import Settings
from tests.ml import together
from tests.ml.conftest import SMALL, simulated_visits
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[3]
UNSEEN = "decoder.side.2.bias"
"""A bias added to every block's logit; softmax cancels it, so its gradient is rounding error."""


def test_two_processes_train_what_one_trains(tmp_path):
    """They map the same files of examples, which are gone afterwards; one has them in memory."""
    visits, alone, shared = (tmp_path / name for name in ("visits.parquet", "one.pt", "two.pt"))
    scratch = tmp_path / "scratch"
    simulated_visits(30, 6, 1).to_parquet(visits)

    together.train(str(visits), str(alone))
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m")
    done = subprocess.run(
        [sys.executable, *launcher, "tests.ml.together", str(visits), str(shared), str(scratch)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr[-3000:]

    mapped = [json.loads(Path(f"{shared}.{rank}").read_text()) for rank in (0, 1)]
    assert mapped[0] == mapped[1] and any("user.npy" in name for name in mapped[0])
    assert list(scratch.iterdir()) == []
    one, two = (torch.load(path, weights_only=True) for path in (alone, shared))
    assert two["slots"] == one["slots"]
    losses = [[epoch["loss"] for epoch in found["history"]] for found in (one, two)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4) and len(losses[0]) == 3
    for name in one["codec"].keys() - {UNSEEN}:
        found = two["codec"][name]
        torch.testing.assert_close(found, one["codec"][name], atol=1e-4, rtol=1e-3, msg=name)
    torch.testing.assert_close(two["codes"], one["codes"], atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("name", distributed.ALONE)
def test_what_needs_a_whole_batch_is_refused_by_name(monkeypatch, name):
    settings: Settings = replace(SMALL, **{name: 1})
    distributed.check(settings)  # one process may use it
    monkeypatch.setattr(distributed, "several", lambda: True)
    with pytest.raises(distributed.SharedBatchError, match=f"{name}: needs a batch"):
        distributed.check(settings)


def test_shares_cover_a_batch_once(monkeypatch):
    monkeypatch.setattr(distributed, "several", lambda: True)
    monkeypatch.setattr(distributed.dist, "get_world_size", lambda: 3)
    rows: list[int] = []
    for rank in range(3):
        monkeypatch.setattr(distributed.dist, "get_rank", lambda rank=rank: rank)
        rows += range(100)[distributed.share(100)]
    assert rows == list(range(100))
