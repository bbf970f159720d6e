"""Steps are those of `torch.optim.AdamW` under torch's own one-cycle schedule."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from ml.learning.optimiser import Optimiser, one_cycle

PEAK, DECAY = 0.01, 0.02


@pytest.mark.parametrize("steps", [1, 2, 5, 20, 137])
def test_steps_are_those_of_torchs_classes(steps: int) -> None:
    """A parameter without a gradient stays where it is, as there."""
    generator = torch.Generator().manual_seed(steps)
    ours = [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((4, 3), (5,))]
    theirs = [torch.nn.Parameter(p.detach().clone()) for p in ours]
    optimiser = Optimiser(ours, PEAK, steps, DECAY)
    peer = torch.optim.AdamW(theirs, lr=PEAK, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(peer, PEAK, total_steps=steps + 1, pct_start=0.1)
    for step in range(steps):
        optimiser.forget()
        for mine, other in zip(ours, theirs, strict=True):
            mine.grad = torch.randn(mine.shape, generator=generator)
            other.grad = mine.grad.clone()
        if step % 3 == 1:
            ours[1].grad = theirs[1].grad = None
        optimiser.step()
        peer.step()
        schedule.step()
        for mine, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(mine, other)


def test_a_cycle_of_nine_steps_has_its_peak_first() -> None:
    """Torch's schedule divides by zero there."""
    assert one_cycle(0, 9)[0] == 1.0
    assert [one_cycle(step, 9)[0] for step in range(9)] == sorted(
        (one_cycle(step, 9)[0] for step in range(9)), reverse=True
    )


def test_a_step_leaves_torchs_compiler_out() -> None:
    """And learning imports no scikit-learn until it is needed: both are memory of every retrain."""
    code = (
        "import sys, torch, ml.training.train\n"
        "from ml.learning.optimiser import Optimiser\n"
        "p = torch.nn.Parameter(torch.zeros(2)); p.grad = torch.ones(2)\n"
        "Optimiser([p], 0.1, 3, 0.0).step()\n"
        "print(sorted({'torch._dynamo', 'sympy', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
