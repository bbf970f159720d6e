"""Progress callbacks: a share between 0 and 1, and a few words."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]


def named_part(progress: Progress, number: int, count: int, name: str) -> Progress:
    """Returns the progress of part `number` (from 0) of `count` equal parts, named `name`."""
    return lambda share, text: progress((number + share) / count, f"{name}: {text}")


def within(progress: Progress, begin: float, width: float) -> Progress:
    """Returns the progress of a part that covers [begin, begin + width] of the whole."""
    return lambda share, text: progress(begin + width * share, text)
