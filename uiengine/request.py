"""The request: everything that a decision depends on besides the version."""

from __future__ import annotations

from dataclasses import dataclass

from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile
from uiengine.page.surface import Surface


@dataclass(frozen=True)
class Request:
    """Everything a decision depends on besides the version; the engine reads nothing else.

    profile: as of the start of the visit, its open visit closed. popularity: of the days before
    `day` (whole UTC days since 1970). visit: the id that names the visit. budget: candidates that
    may be scored; 1 means System 1, the decoded variant alone. seed: for exploration only.
    variants: how many of the best distinct layouts to return.
    """

    surface: Surface
    profile: Profile
    popularity: Popularity
    day: int
    visit: str = ""
    budget: int = 32
    seed: int = 0
    variants: int = 1
