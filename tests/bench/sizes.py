"""Measures decisions that may change sizes beside those that may not, of the same people and pages.

Three pages: 12 blocks of one default size, 12 of several, and the bank's 14. `decide` is the whole
decision with the shipped version; `choose` is the part after decoding.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean, median
from time import thread_time

import numpy as np

from tests.bench.measure import line
from uiengine import engine
from uiengine.behaviour import profile
from uiengine.behaviour.popularity import Popularity
from uiengine.model.prediction import Prediction
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface
from uiengine.page.surface_json import parse
from uiengine.request import Request

BANK = Path("fixtures/surfaces/bank.json")
PEOPLE, TIMES = 6, 100
TODAY = 40


def page(is_even: bool) -> Surface:
    """12 blocks with a least and a largest size, of one default size or of several."""
    rng, blocks = np.random.default_rng(0), []
    for i in range(12):
        w, h = (4, 3) if is_even else (int(rng.choice([3, 4, 6])), int(rng.integers(2, 5)))
        sizes = {"default": [w, h], "min": [max(2, w - 2), 2], "max": [w + 2, h + 2]}
        blocks.append({"id": f"b{i:02}", "sizes": {"*": sizes}})
    at = {"name": "wide", "min_width": 1200, "columns": 12, "viewport_height": 800}
    return parse({"slug": "page", "row_height": 80, "breakpoints": [at], "blocks": blocks})


def person(surface: Surface, seed: int) -> tuple[Request, Prediction]:
    """Builds a person with eight visits, whose needs have changed."""
    rng, names = np.random.default_rng(seed), list(surface.index)
    needs = rng.dirichlet(np.full(len(names), 0.5), 2)
    known, past = profile.Profile(), needs[0] + 0.01
    for day in range(TODAY - 8, TODAY):
        used = rng.choice(names, 3, p=past / past.sum())
        profile.fold_visit(known, day, set(used), names)
    share, ones = 0.2 * needs[0] + 0.8 * needs[1], np.ones(len(names), dtype=np.int64)
    prediction = Prediction((1, 2, 3), share, share, share, share, share, ones, 0, 0.0)
    return Request(surface, known, Popularity(), TODAY), prediction


def medians(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Median processor times in ms, of calls in turn, so that other load falls on both."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(TIMES):
        for work, times in zip((one, other), taken, strict=True):
            start = thread_time()
            work()
            times.append((thread_time() - start) * 1e3)
    return median(taken[0]), median(taken[1])


def came_again(case: tuple[Request, Prediction], visits: int) -> Request:
    """The person after some more visits, in which they saw what was decided."""
    request, prediction = case
    for day in range(TODAY, TODAY + visits):
        layout = engine.choose(replace(request, day=day), prediction, "v").layout
        profile.fold_visit(request.profile, day, layout.order[:1], layout.order, layout.sizes)
    return replace(request, day=TODAY + visits)


def compared(name: str, off: Surface, visits: int = 0) -> None:
    on = replace(off, guardrails=replace(off.guardrails, sizes=True))
    version, found, resized = load_version("fixtures/innate"), [], []
    for seed in range(PEOPLE):
        prediction = person(off, seed)[1]
        without, may = (came_again(person(surface, seed), visits) for surface in (off, on))
        found.append(
            (
                *medians(
                    lambda r=may: engine.decide(r, version),
                    lambda r=without: engine.decide(r, version),
                ),
                *medians(
                    lambda r=may, p=prediction: engine.choose(r, p, "v"),
                    lambda r=without, p=prediction: engine.choose(r, p, "v"),
                ),
            )
        )
        resized.append(len(engine.choose(may, prediction, "v").stability.resized))
    decide, plain_decide, choose, plain_choose = (mean(part) for part in zip(*found, strict=True))
    more = {"resized": mean(resized)}
    line(f"decide with sizes, {name}", decide, "ms", "without sizes", plain_decide, **more)
    line(f"choose with sizes, {name}", choose, "ms", "without sizes", plain_choose, **more)


def run() -> None:
    compared("12 blocks of one size", page(is_even=True))
    compared("12 blocks of one size, three visits later", page(is_even=True), 3)
    compared("12 blocks of several sizes", page(is_even=False))
    compared("the bank's 14 blocks", parse(json.loads(BANK.read_text())))


if __name__ == "__main__":
    run()
