"""How a pipeline ended: whether the version waits for a person, and the sentence people read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """is_held: a person has to act before the version goes on."""

    words: str
    is_held: bool = False


def held(why: str, before: str = "") -> Outcome:
    """An outcome that waits for a person. before: a sentence that comes first."""
    return Outcome(f"{before} Held: {why}".strip(), is_held=True)
