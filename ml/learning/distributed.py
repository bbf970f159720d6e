"""Data-parallel training over the processes that torchrun starts.

Every process draws the random numbers of the whole batch, works on its share of the rows and steps
by the summed gradients; codes are updated from the latents of all. The result equals that of one
process up to the order of floating-point sums.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ml.learning.settings import Settings

ALONE = ("growth", "kl")
"""Settings whose losses or codes need the whole batch in one process."""


class SharedBatchError(ValueError):
    """A setting that several processes cannot train with."""


@contextmanager
def joined() -> Iterator[None]:
    """Joins the process group if torchrun started several processes, and divides the threads."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield
        return
    torch.set_num_threads(max(torch.get_num_threads() // int(os.environ["LOCAL_WORLD_SIZE"]), 1))
    dist.init_process_group("gloo")
    try:
        yield
        dist.barrier()  # the others wait for the first, which writes the files
    finally:
        dist.destroy_process_group()


def several() -> bool:
    """Tells whether more than one process trains."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def is_first() -> bool:
    """Tells whether this process writes the files and shows progress."""
    return not several() or dist.get_rank() == 0


def is_first_here() -> bool:
    """Tells whether this process is the first on its host, which writes what all of them map."""
    return not several() or os.environ["LOCAL_RANK"] == "0"


def wait() -> None:
    """Waits until all processes are here."""
    if several():
        dist.barrier()


@contextmanager
def scratch_folder(parent: Path | None) -> Iterator[Path | None]:
    """Makes an empty folder in `parent` for this host's processes, and removes it at the end."""
    if parent is None:
        yield None
        return
    folder = parent / f"examples-{os.environ.get('TORCHELASTIC_RUN_ID', os.getpid())}"
    if is_first_here():
        folder.mkdir(parents=True)
    try:
        yield folder
        wait()
    finally:
        if is_first_here():
            shutil.rmtree(folder)


def check(settings: Settings) -> None:
    """Raises SharedBatchError for a setting in ALONE when several processes train."""
    wrong = [name for name in ALONE if several() and getattr(settings, name)]
    if wrong:
        raise SharedBatchError(
            f"{wrong[0]}: needs a batch as a whole. Set it to 0, or train with one process."
        )


def share(size: int) -> slice:
    """Returns the slice of a batch of `size` rows that this process works on."""
    if not several():
        return slice(None)
    world, rank = dist.get_world_size(), dist.get_rank()
    return slice(size * rank // world, size * (rank + 1) // world)


def gathered(part: Tensor, size: int) -> Tensor:
    """Gathers the rows of all processes, (size, Z), without gradients."""
    whole = torch.zeros(size, part.shape[1])
    whole[share(size)] = part.detach()
    dist.all_reduce(whole)  # the rows of other processes are 0 here
    return whole


def beside_others(part: Tensor, size: int) -> Tensor:
    """Returns the rows of all processes, (size, Z); gradients reach this process's alone."""
    if not several():
        return part
    whole = gathered(part, size)
    whole[share(size)] = part
    return whole


def of_whole(loss: Tensor, part: int, size: int) -> Tensor:
    """Prepares a loss of a whole batch, the same in all processes, for being weighted by
    part / size: values then add up to it once, and gradients to those of the whole."""
    if not several():
        return loss
    value = loss.detach()
    return value + (loss - value) * (size / part)


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Sums gradients over processes, between backward and step; losses are weighted by rows."""
    if several():
        for parameter in parameters:
            if parameter.grad is not None:
                dist.all_reduce(parameter.grad)


def summed(value: float) -> float:
    """Sums a number over all processes."""
    if not several():
        return value
    total = torch.tensor(value, dtype=torch.float64)
    dist.all_reduce(total)
    return float(total)


def agree(modules: Iterable[nn.Module]) -> None:
    """Copies the first process's weights to all, so that rounding does not drive them apart."""
    if several():
        for module in modules:
            for tensor in (*module.parameters(), *module.buffers()):
                dist.broadcast(tensor.detach(), src=0)
