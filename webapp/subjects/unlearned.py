"""What a person does not want learned: uses of a block, a visit, a time that is forgotten.

The marks outlive the rows that they deleted, so that an event of then that is sent again, or comes
late, is not learned after all. An event by a decision that was made after the person changed their
mind is not of then, whatever its clock says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BEHAVIOUR = frozenset({"impression", "use", "dwell", "dismiss"})
"""Kinds of events that say something of a block and are no wishes."""
MOST_VISITS = 50
"""Visits that are remembered as unlearned; events of earlier ones are too old to come."""

Since = tuple[int, int]
"""Time in ms, and the generation of feedback, from which something is learned again."""


@dataclass
class Unlearned:
    """Marks of one person on one surface. Times in ms, by the person's clock.

    blocks: whose use is not learned: None while it is struck out, else since when it is learned
    again; visits: ids of visits of which nothing is learned; spans: forgotten times, each from when
    until when and the generation that forgetting made.
    """

    blocks: dict[str, Since | None] = field(default_factory=dict)
    visits: list[str] = field(default_factory=list)
    spans: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def struck(self) -> list[str]:
        """The blocks that are struck out at present."""
        return [block for block, since in self.blocks.items() if since is None]

    def is_forgotten(self, at: int, generation: int) -> bool:
        """True for an event of a forgotten time, by a decision of before."""
        return any(since <= at < until and generation < made for since, until, made in self.spans)

    def is_struck(self, block: str, visit: str, at: int, generation: int) -> bool:
        """True if the block, or the visit, is not learned from."""
        if visit in self.visits:
            return True
        if block not in self.blocks:
            return False
        since = self.blocks[block]
        return since is None or (at < since[0] and generation < since[1])

    def leaves_out(self, kind: str, block: str, visit: str, at: int, generation: int) -> bool:
        """True for an event that nothing is kept of. visit: its own."""
        if self.is_forgotten(at, generation):
            return True
        is_behaviour = kind in BEHAVIOUR and bool(block)
        return is_behaviour and self.is_struck(block, visit, at, generation)

    def tidy(self) -> None:
        """Joins times that overlap. None is dropped with age, as files of any age are imported."""
        joined: list[tuple[int, int, int]] = []
        for since, until, made in sorted(self.spans):
            if joined and since <= joined[-1][1]:
                first, last, former = joined.pop()
                since, until, made = first, max(last, until), max(former, made)
            joined.append((since, until, made))
        self.spans, self.visits = joined, self.visits[-MOST_VISITS:]


def load(data: Mapping[str, Any] | None) -> Unlearned | None:
    """The marks from JSON; None if there are none."""
    if not data:
        return None
    blocks = {b: None if s is None else (s[0], s[1]) for b, s in data["blocks"].items()}
    return Unlearned(blocks, list(data["visits"]), [(a, b, c) for a, b, c in data["spans"]])


def merged(one: Unlearned | None, other: Unlearned | None) -> Unlearned | None:
    """What either of two histories of one person leaves out; what is struck out in one stays so."""
    if one is None or other is None:
        return one or other
    blocks = dict(one.blocks)
    for block, since in other.blocks.items():
        known = blocks.get(block, (0, 0))
        blocks[block] = None if known is None or since is None else max(known, since)
    visits = list(dict.fromkeys([*one.visits, *other.visits]))
    return Unlearned(blocks, visits, sorted({*one.spans, *other.spans}))


def may_learn(known: Unlearned | None, block: str, at: int) -> bool:
    """False if a use in an imported file is not to be learned. at: ms since 1970."""
    if known is None:
        return True
    return not (known.is_forgotten(at, -1) or known.is_struck(block, "", at, -1))


def is_without_profiling(state: Mapping[str, Any] | None) -> bool:
    """True for somebody who chose the order without profiling: nothing is kept of them meanwhile.

    state: of their profile, as JSON.
    """
    feedback = (state or {}).get("profile", {}).get("feedback", {})
    return bool(feedback.get("plain", False))
