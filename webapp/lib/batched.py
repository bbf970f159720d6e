"""Cuts what comes into lists; itertools has it from Python 3.12."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size`."""
    rows = iter(rows)
    return iter(lambda: list(islice(rows, size)), [])
