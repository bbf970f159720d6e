"""How long work tells how far it is: a share between 0 and 1, and a few words."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]


def named_part(progress: Progress, number: int, count: int, name: str) -> Progress:
    """Progress of part `number` (from 0) of `count` equal parts, its text led by `name`."""
    return lambda share, text: progress((number + share) / count, f"{name}: {text}")


def within(progress: Progress, begin: float, width: float) -> Progress:
    return lambda share, text: progress(begin + width * share, text)
