"""How much each thing that decides an order weighs, by its effect on decisions.

Each decision is made again without one of them; what changes is its effect. Rules of the team and
wishes of the person are no weights: they hold whatever the rest says.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from uiengine import engine
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Feedback, Profile, fold_visit
from uiengine.model.version import CodebookVersion
from uiengine.page.surface import GuardrailSettings, Surface
from uiengine.request import Request

SIMULATED, VISITS = 40, 12
"""Simulated people of a page without enough real ones, and visits of each, one a day."""


def _without_own_use(request: Request) -> Request:
    known = request.profile
    nothing = Profile(order=known.order, familiarity=known.familiarity, feedback=known.feedback)
    return replace(request, profile=nothing)


def _without_others(request: Request) -> Request:
    return replace(request, popularity=Popularity())


def _without_known_places(request: Request) -> Request:
    return replace(request, profile=replace(request.profile, order=(), familiarity={}))


WITHOUT: dict[str, Callable[[Request], Request]] = {
    "own_use": _without_own_use,
    "others": _without_others,
    "known_places": _without_known_places,
}
"""By name, a request that lacks one of the things that decide."""


def effects(requests: Sequence[Request], version: CodebookVersion) -> dict[str, float]:
    """Per name of WITHOUT, the mean share of blocks that would stand elsewhere without it."""
    found = dict.fromkeys(WITHOUT, 0.0)
    for request in map(_plain, requests):
        order = engine.decide(request, version).layout.order
        for name, without in WITHOUT.items():
            other = engine.decide(without(request), version).layout.order
            moved = sum(a != b for a, b in zip(order, other, strict=True))
            found[name] += moved / len(order) / len(requests)
    return found


def _plain(request: Request) -> Request:
    """The request without wishes and draws, so that only what is weighed differs."""
    rules = request.surface.guardrails
    same = GuardrailSettings(rules.move_budget, rules.min_target_px, stretch=rules.stretch)
    profile = replace(request.profile, feedback=Feedback())
    return replace(request, surface=replace(request.surface, guardrails=same), profile=profile)


def simulated_requests(
    surface: Surface, version: CodebookVersion, popularity: Popularity, day: int
) -> list[Request]:
    """Simulated people, each with a few favourites, replayed through the engine; the same ones
    each time."""
    drawn = np.random.default_rng(zlib.crc32(surface.slug.encode()))
    ids, found = list(surface.index), []
    for _ in range(SIMULATED):
        need, profile = drawn.dirichlet(np.full(len(ids), 0.3)), Profile()
        for back in range(VISITS, 0, -1):
            request = Request(surface, profile, popularity, day - back, visit=str(back))
            order = engine.decide(request, version).layout.order
            used = drawn.choice(ids, 2, p=need).tolist()
            fold_visit(profile, day - back, set(used), order)
        found.append(Request(surface, profile, popularity, day, visit="now"))
    return found
