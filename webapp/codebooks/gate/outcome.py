"""The end of a pipeline: its sentence, and if it waits for a person."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """is_held: a person must act before the version goes on."""

    words: str
    is_held: bool = False


def held(why: str, before: str = "") -> Outcome:
    """An outcome that waits for a person. before: a sentence put first."""
    return Outcome(f"{before} Held: {why}".strip(), is_held=True)
