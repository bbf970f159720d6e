"""Newcomers share a cached decision, which equals the one that would have been made for each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uiengine.strategies import TODAY, surfaces
from uiengine import engine
from uiengine.behaviour.popularity import Popularity, fold_day
from uiengine.behaviour.profile import Pin, Profile, fold_visit
from uiengine.model.version_folder import load_version
from uiengine.page.surface import GuardrailSettings, to_json
from uiengine.page.surface_json import parse
from uiengine.request import Request

INNATE = load_version(Path(__file__).parents[2] / "fixtures" / "innate")


class Counting:
    """A version that counts the requests it reads."""

    id = INNATE.id

    def __init__(self) -> None:
        self.reads = 0

    def read(self, requests, *, bits=64):
        self.reads += len(requests)
        return INNATE.read(requests, bits=bits)

    def neighbours(self, request, tokens, count):
        return INNATE.neighbours(request, tokens, count)


def anew(request: Request):
    """Decides on a copy of the page, for which nothing is cached."""
    surface = replace(parse(to_json(request.surface)), guardrails=request.surface.guardrails)
    return engine.decide(replace(request, surface=surface), INNATE)


def popular(*blocks: str) -> Popularity:
    return fold_day(Popularity(), TODAY - 1, dict.fromkeys(blocks, 5.0), 5)


@pytest.fixture
def request_():
    names = ["news", "quiz", "forum", "wiki", "mail"]
    blocks = [
        {"id": n, "kind": n, "sizes": {"*": {"default": [2, 1 + i % 2]}}}
        for i, n in enumerate(names)
    ]
    at = {"name": "lg", "min_width": 1200, "columns": 6, "viewport_height": 800}
    surface = parse({"slug": "page", "row_height": 60, "breakpoints": [at], "blocks": blocks})
    return Request(surface, Profile(), popular("wiki"), TODAY, visit="first")


@settings(max_examples=25)
@given(surfaces(), st.integers(1, 3))
def test_what_is_remembered_is_what_would_be_decided(surface, variants):
    first = Request(surface, Profile(), Popularity(), TODAY, visit="a", variants=variants)
    second = replace(first, visit="b", profile=Profile())

    engine.decide(first, INNATE)

    assert engine.decide(second, INNATE) == anew(second)


def test_a_second_newcomer_is_not_read_again(request_):
    version = Counting()
    first = engine.decide(request_, version)
    second = engine.decide(replace(request_, visit="second", profile=Profile()), version)

    assert version.reads == 1
    assert (first.visit, second.visit) == ("first", "second")
    assert replace(first, visit="second") == second


def _visited() -> Profile:
    profile = Profile()
    fold_visit(profile, TODAY - 1, {"mail"})
    return profile


def _pinned() -> Profile:
    profile = Profile()
    profile.feedback.pins["mail"] = Pin(0)
    return profile


@pytest.mark.parametrize(
    "change",
    [
        {"profile": _visited()},
        {"profile": _pinned()},
        {"popularity": popular("mail")},
        {"day": TODAY + 30},
        {"budget": 1},
        {"variants": 3},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whoever_differs_is_decided_for(request_, change):
    engine.decide(request_, INNATE)
    other = replace(request_, **change)

    assert engine.decide(other, INNATE) == anew(other)


def test_a_drawn_layout_is_drawn_for_each(request_):
    guardrails = GuardrailSettings(exploration=0.2)
    page = replace(request_.surface, guardrails=guardrails)
    requests = [replace(request_, surface=page, seed=seed) for seed in range(40)]

    drawn = [engine.decide(r, INNATE) for r in requests]

    assert drawn == [anew(r) for r in requests]
    assert len({d.layout.order for d in drawn}) > 1
