"""AdamW over one cycle of learning rates, as torch's functions do it.

`torch.optim.AdamW` as a class imports torch's compiler at its first step, which is 68 MB and a
second of each process that trains; nothing is compiled here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

RISE = 0.1
"""Share of the steps over which the rate rises to its peak."""
FIRST, LAST = 1 / 25, 1 / 250_000
"""The first and the last rate, as shares of the peak."""
MOMENTUM = (0.85, 0.95)
"""β₁ at the peak of the rate, and at both ends."""
BETA_2, EPSILON = 0.999, 1e-8


class Optimiser:
    """AdamW (Loshchilov, Hutter 2019) with the one-cycle schedule (Smith, Topin 2018)."""

    def __init__(
        self, parameters: Sequence[nn.Parameter], peak: float, steps: int, weight_decay: float
    ) -> None:
        """peak: the highest learning rate. steps: of the cycle, at least 1."""
        self.parameters, self.peak, self.weight_decay = list(parameters), peak, weight_decay
        self.steps, self.done = steps, 0
        self._means = [torch.zeros_like(p) for p in self.parameters]
        self._squares = [torch.zeros_like(p) for p in self.parameters]
        self._counts = [torch.zeros(()) for _ in self.parameters]

    def forget(self) -> None:
        """Forgets the gradients of the step before."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Takes one step by the gradients; parameters without one stay."""
        taught = [(i, p.grad) for i, p in enumerate(self.parameters) if p.grad is not None]
        places = [i for i, _ in taught]
        rate, momentum = one_cycle(self.done, self.steps)

        def of(every: Sequence[Tensor]) -> list[Tensor]:
            return [every[i] for i in places]

        adamw(
            of(self.parameters),
            [gradient for _, gradient in taught],
            of(self._means),
            of(self._squares),
            [],
            of(self._counts),
            fused=True,
            amsgrad=False,
            beta1=momentum,
            beta2=BETA_2,
            lr=self.peak * rate,
            weight_decay=self.weight_decay,
            eps=EPSILON,
            maximize=False,
        )
        self.done += 1


def one_cycle(step: int, steps: int) -> tuple[float, float]:
    """Returns the share of the peak rate, and β₁, of a step, 0-based; both follow half cosines."""
    top = RISE * (steps + 1) - 1
    low, high = MOMENTUM
    if 0 < top >= step:
        done = step / top
        return _between(FIRST, 1.0, done), _between(high, low, done)
    done = (step - top) / (steps - top)
    return _between(1.0, LAST, done), _between(low, high, done)


def _between(start: float, end: float, done: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * done))
