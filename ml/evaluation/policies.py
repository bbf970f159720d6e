"""The policies that a replay compares; each maps requests of different people to orders."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from ml.evaluation.book_policy import from_book, on_device
from ml.evaluation.engine_policy import explained
from ml.evaluation.reading import read_alike
from ml.evaluation.shown import Orders, Policy, Shown
from uiengine.behaviour.profile import Profile, day_uses_at
from uiengine.book.book import MOST_ENTRIES
from uiengine.model.version import CodebookVersion
from uiengine.page.reading_order import apply_pins
from uiengine.request import Request

FRECENCY_HALF_LIFE = 1
"""Index into profile.DAY_HALF_LIVES of the half-life of 7 days."""
CODED = ("engine", "eager", "tokens", "book", "device")
BOOKED = {"book": from_book, "device": on_device}
POLICIES = (*CODED, "static", "mfu", "frecency", "random")


def policy(
    name: str,
    version: CodebookVersion | None,
    defaults: Orders,
    bits: int,
    seed: int,
    entries: int = MOST_ENTRIES,
) -> Policy:
    """Returns the named policy. defaults: the static order per surface, which also breaks ties;
    entries: of the policies `book` and `device`.

    What every policy shows keeps a declared page's groups and fixed blocks.
    """
    if name in BOOKED:
        assert version is not None
        return BOOKED[name](version, entries)
    if name == "engine":
        assert version is not None
        return explained(version, bits)
    if name in CODED:
        assert version is not None
        return _coded(name, version, defaults, bits)
    score = {"mfu": _uses, "frecency": _frecency}.get(name)
    if score is not None:
        return lambda requests: [Shown(_ranked(r, score, defaults)) for r in requests]
    if name == "random":
        return lambda requests: [_random(r, defaults, seed) for r in requests]
    return lambda requests: [
        Shown(tuple(defaults[r.surface.slug]), status="default") for r in requests
    ]


def _coded(name: str, version: CodebookVersion, defaults: Orders, bits: int) -> Policy:
    """eager: by expected share. tokens: by share from the tokens alone."""

    def decide(requests: Sequence[Request]) -> list[Shown]:
        shown = []
        read = read_alike(version, requests, bits=bits)
        for request, prediction in zip(requests, read, strict=True):
            share = prediction.share if name == "eager" else prediction.tokens_share
            side_bits = 0 if name == "tokens" else prediction.side_bits
            order, coded = _by_share(request, share, defaults), prediction.tokens
            shown.append(Shown(order, coded, side_bits, prediction.distortion))
        return shown

    return decide


def _by_share(request: Request, share: np.ndarray, defaults: Orders) -> tuple[str, ...]:
    value = dict(zip(request.surface.index, share, strict=True))
    return by_value(request, value.__getitem__, defaults)


def _ranked(
    request: Request, score: Callable[[Profile, str, int], float], defaults: Orders
) -> tuple[str, ...]:
    profile, day = request.profile, request.day
    return by_value(request, lambda block: score(profile, block, day), defaults)


def by_value(request: Request, value: Callable[[str], float], defaults: Orders) -> tuple[str, ...]:
    """Orders blocks by falling value, within the page's groups and around its fixed blocks."""
    order = sorted(defaults[request.surface.slug], key=lambda block: -value(block))
    return apply_pins(request.surface, order, {})


def _uses(profile: Profile, block: str, day: int) -> float:
    return profile.blocks[block].uses if block in profile.blocks else 0.0


def _frecency(profile: Profile, block: str, day: int) -> float:
    if block not in profile.blocks:
        return 0.0
    return day_uses_at(profile.blocks[block], day)[FRECENCY_HALF_LIFE]


def _random(request: Request, defaults: Orders, seed: int) -> Shown:
    order = list(defaults[request.surface.slug])
    draw = np.random.default_rng([seed, zlib.crc32(request.visit.encode())]).permutation(len(order))
    chance = 1 / math.factorial(len(order))
    shown = apply_pins(request.surface, [order[i] for i in draw], {})
    return Shown(shown, explored=True, propensity=chance)
