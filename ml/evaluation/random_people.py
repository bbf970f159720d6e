"""Checks a version against the rules of a page, and its time, on decisions for seeded random
people.

They have random histories, pins with and without a cell, undone moves, orders set by hand, and
frozen or opted-out settings.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from uiengine import engine
from uiengine.behaviour.popularity import Popularity, fold_day
from uiengine.behaviour.profile import Pin, Profile, Undone, fold_visit
from uiengine.errors import VersionError
from uiengine.guardrails import check
from uiengine.model.prediction import Prediction, Version
from uiengine.page.surface import Surface
from uiengine.request import Request

TODAY = 100
AT_ONCE = 256
"""Number of people decoded in one batch."""
TIMED = 21
"""People whose decisions are timed, one after the other, as in serving."""
LONG_ENOUGH = 2.0
"""Seconds after which timing ends, though not before the third person."""
NOT_FINITE = "finite_numbers"
"""Counted among broken rules: the version gave NaN or infinity."""


def random_request(rng: np.random.Generator, surface: Surface) -> Request:
    popularity = fold_day(Popularity(), TODAY - 1, {b.id: 1.0 for b in surface.blocks}, 3)
    request = Request(
        surface,
        random_profile(rng, [b.id for b in surface.blocks]),
        popularity,
        TODAY,
        visit="v",
        budget=int(rng.choice([1, 4, 32])),
        seed=int(rng.integers(2**32)),
    )
    _pin(rng, request)
    return request


def random_profile(rng: np.random.Generator, ids: list[str]) -> Profile:
    """Draws a profile after 0 to 8 visits to random layouts, with random wishes of the user."""
    profile = Profile()
    for day in sorted(rng.integers(TODAY - 60, TODAY, size=rng.integers(9)).tolist()):
        used = rng.choice(ids, size=rng.integers(1, 5)).tolist()
        fold_visit(profile, int(day), set(used), tuple(rng.permutation(ids).tolist()))
    feedback = profile.feedback
    feedback.undone = tuple(
        Undone(str(rng.choice(ids)), int(rng.integers(len(ids))), TODAY + int(rng.integers(-3, 20)))
        for _ in range(rng.integers(3))
    )
    feedback.frozen = bool(rng.random() < 0.05)
    feedback.opted_out = bool(rng.random() < 0.05)
    if rng.random() < 0.1:
        feedback.override = tuple(rng.permutation(ids).tolist())
        feedback.override_visit = str(rng.choice(["v", "earlier"]))
    return profile


def random_cell(rng: np.random.Generator, columns: int) -> list[int]:
    return [int(rng.integers(0, columns)), int(rng.integers(0, 12))]


def _pin(rng: np.random.Generator, request: Request) -> None:
    """Pins up to three blocks at their current cell, at a random cell, or by rank only."""
    surface, pins = request.surface, request.profile.feedback.pins
    shown = engine.fixed_layout(replace(request, profile=Profile())).layout
    for _ in range(rng.integers(4)):
        at = surface.breakpoints[rng.integers(len(surface.breakpoints))]
        placed = shown.placements[at.name][rng.integers(len(surface.blocks))]
        if surface.block(placed.id).is_pinned:
            continue
        x, y = (placed.x, placed.y) if rng.random() < 0.5 else random_cell(rng, at.columns)
        has_cell = rng.random() < 0.7
        rank = int(rng.integers(len(surface.blocks)))
        pins[placed.id] = Pin(rank, at.name, x, y) if has_cell else Pin(rank)


def broken_rules(
    version: Version,
    surface: Surface,
    people: int,
    seed: int = 0,
    progress: Callable[[float, str], None] = lambda share, text: None,
) -> Counter[str]:
    """Counts how often a version's decisions break each rule; empty if they never do.

    A prediction that is not finite counts as NOT_FINITE.
    """
    broken: Counter[str] = Counter()
    for done, requests in _batches(surface, people, seed):
        for request, prediction in zip(requests, _predicted(version, requests), strict=True):
            if prediction is None:
                broken[NOT_FINITE] += 1
                continue
            decision = engine.choose(request, prediction, version.id)
            found = check(engine.guardrail_case(request, decision))
            broken.update(violation.rule for violation in found)
        progress(done / people, f"{done} of {people} random people")
    return broken


def decision_seconds(version: Version, surface: Surface, seed: int = 0) -> float:
    """Returns the median processor time of a decision, in seconds, over random people.

    The first decision prepares the page and is not counted.
    """
    rng, spent = np.random.default_rng(seed), list[float]()
    while len(spent) < 3 or (len(spent) < TIMED and sum(spent) < LONG_ENOUGH):
        request, begin = random_request(rng, surface), time.thread_time()
        try:
            engine.decide(request, version)
        except VersionError:
            continue  # `broken_rules` counts it
        finally:
            spent.append(time.thread_time() - begin)
    return float(np.median(spent[1:]))


def _predicted(version: Version, requests: list[Request]) -> list[Prediction | None]:
    """Decodes a batch; one by one where someone's prediction is not finite, which is None then."""
    try:
        return list(version.read(requests))
    except VersionError:
        if len(requests) == 1:
            return [None]
    return [found for request in requests for found in _predicted(version, [request])]


def _batches(surface: Surface, people: int, seed: int) -> Iterator[tuple[int, list[Request]]]:
    rng = np.random.default_rng(seed)
    for begin in range(0, people, AT_ONCE):
        count = min(AT_ONCE, people - begin)
        yield begin + count, [random_request(rng, surface) for _ in range(count)]
