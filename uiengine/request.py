"""The request: everything that a decision depends on except the version."""

from __future__ import annotations

from dataclasses import dataclass

from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile
from uiengine.page.surface import Surface


@dataclass(frozen=True)
class Request:
    """The engine's only input besides the version.

    profile: at the start of the visit, without an open visit. popularity: of the days before `day`
    (whole days since 1970). visit: the visit's id. budget: candidates that may be scored; 1
    means System 1, the decoded order alone. seed: for exploration only. variants: number of best
    distinct layouts to return.
    """

    surface: Surface
    profile: Profile
    popularity: Popularity
    day: int
    visit: str = ""
    budget: int = 32
    seed: int = 0
    variants: int = 1
