"""What a policy shows, and what a policy is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from uiengine.behaviour.profile import Sizes
from uiengine.decision import Reason
from uiengine.request import Request


@dataclass(frozen=True)
class Shown:
    """The order shown at one visit.

    distortion: None where the policy has no codebook. saves: seconds that its moves save over the
    horizon, None where the policy does not say; reasons: what the page would say about them;
    expected: the block that the page points to, suggested: the one that it suggests to put away;
    empty for none. sizes: classes of the blocks that have not their default size.
    """

    order: tuple[str, ...]
    tokens: tuple[int, ...] = ()
    side_bits: int = 0
    distortion: float | None = None
    explored: bool = False
    status: str = "adapted"
    propensity: float = 1.0
    saves: float | None = None
    reasons: tuple[Reason, ...] = ()
    expected: str = ""
    suggested: str = ""
    sizes: Sizes = field(default_factory=dict)


Policy = Callable[[Sequence[Request]], list[Shown]]
Orders = Mapping[str, Sequence[str]]
