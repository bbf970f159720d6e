"""Training over several processes, as torchrun starts them: one batch, shared out.

Every process draws the same random numbers for the whole batch, works on its share, and takes the
step of the summed gradients; the codes follow the latents of all. So several processes do what one
does, up to the order in which numbers are added.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ml.learning.settings import Settings

ALONE = ("rounding", "growth", "kl", "prediction", "variance", "covariance")
"""Settings whose losses or codes need a batch as a whole."""


class SharedBatchError(ValueError):
    """A setting that several processes cannot follow."""


@contextmanager
def joined() -> Iterator[None]:
    """Meets the other processes, if torchrun started several; the cores are shared out."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield
        return
    torch.set_num_threads(max(torch.get_num_threads() // int(os.environ["LOCAL_WORLD_SIZE"]), 1))
    dist.init_process_group("gloo")
    try:
        yield
        dist.barrier()  # whoever is done waits for the first, which writes
    finally:
        dist.destroy_process_group()


def several() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def is_first() -> bool:
    """Whether this process writes the files and shows progress."""
    return not several() or dist.get_rank() == 0


def check(settings: Settings) -> None:
    """Raises SharedBatchError."""
    wrong = [name for name in ALONE if several() and getattr(settings, name)]
    if wrong:
        raise SharedBatchError(
            f"{wrong[0]}: needs a batch as a whole. Set it to 0, or train with one process."
        )


def share(size: int) -> slice:
    """This process's rows of a batch of `size`."""
    if not several():
        return slice(None)
    world, rank = dist.get_world_size(), dist.get_rank()
    return slice(size * rank // world, size * (rank + 1) // world)


def gathered(part: Tensor, size: int) -> Tensor:
    """The rows of all processes, (size, Z), without gradients."""
    whole = torch.zeros(size, part.shape[1])
    whole[share(size)] = part.detach()
    dist.all_reduce(whole)  # everyone else's rows are 0 here
    return whole


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """To be called between backward and the step; each loss was weighted by its share of rows."""
    if several():
        for parameter in parameters:
            if parameter.grad is not None:
                dist.all_reduce(parameter.grad)


def summed(value: float) -> float:
    """Over all processes."""
    if not several():
        return value
    total = torch.tensor(value, dtype=torch.float64)
    dist.all_reduce(total)
    return float(total)


def agree(modules: Iterable[nn.Module]) -> None:
    """Everyone goes on from the first process's weights: rounding must not drive them apart."""
    if several():
        for module in modules:
            for tensor in (*module.parameters(), *module.buffers()):
                dist.broadcast(tensor.detach(), src=0)
