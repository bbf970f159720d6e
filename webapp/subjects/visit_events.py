"""What is folded: a visit, an event, and the decision that it carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class LiveVisit:
    """The latest visit, open or closed. Times in ms.

    since: the last event before the visit; order: as shown by the latest event's decision, or set
    by the user, or empty where what led to it was struck out; sizes: as order; uses: raw count per
    block; decision: the row of that decision; budget: candidates used for the visit's decisions, 0
    until an event's decision tells; drawn: row of the decision whose layout was drawn for this
    visit, if the surface explores; before: the profile it was drawn with, as JSON; is_control: True
    if the visit began in the control share, None until a decision tells. A changed share takes
    effect at the next visit.
    """

    id: str
    since: int
    day: int
    started: int
    order: tuple[str, ...]
    uses: dict[str, int] = field(default_factory=dict)
    is_open: bool = True
    decision: int | None = None
    budget: int = 0
    drawn: int | None = None
    before: dict[str, Any] | None = None
    is_control: bool | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """The decision that an event carries.

    is_control: True if it was made without a version, as for the control share; None if it fell
    back, which tells nothing.
    """

    decision: int | None
    visit: str
    since: int
    day: int
    generation: int
    order: tuple[str, ...]
    budget: int = 0
    is_drawn: bool = False
    is_control: bool | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Happened:
    at: int
    kind: str
    block: str
    value: Mapping[str, Any]
    shown: Shown
