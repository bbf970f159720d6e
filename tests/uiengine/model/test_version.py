"""Decoding with a loaded version, the shipped one."""

from __future__ import annotations

from pathlib import Path

import pytest

from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface
from uiengine.page.surface_json import parse
from uiengine.request import Request

SHIPPED = Path(__file__).parents[3] / "fixtures" / "innate"
KINDS = (["forum", "quiz", "glossary"], ["mail", "chart", "news"])


def page(kinds: list[str]) -> Surface:
    blocks = [{"id": f"b{i}", "kind": k} for i, k in enumerate(kinds)]
    sizes = {"*": {"default": [2, 1]}}
    at = {"name": "lg", "min_width": 1200, "columns": 6, "viewport_height": 800}
    blocks = [{**block, "sizes": sizes} for block in blocks]
    return parse({"slug": "page", "row_height": 60, "breakpoints": [at], "blocks": blocks})


def shares(version, surface: Surface, popularity: Popularity | None = None, day: int = 100):
    request = Request(surface, Profile(), popularity or Popularity(), day)
    return version.read([request])[0].share.tolist()


def used(block: str) -> Popularity:
    """Folds a day on which everybody used one block."""
    return Popularity(100, {block: (50.0, 50.0, 50.0)}, (50.0, 50.0, 50.0))


def test_a_page_is_read_as_it_is_whichever_stood_at_its_place_in_memory():
    """Python may reuse a deleted page's memory address for the next page."""
    alive = [page(kinds) for kinds in KINDS]
    expected = [shares(load_version(SHIPPED), surface) for surface in alive]
    assert expected[0] != pytest.approx(expected[1])

    version = load_version(SHIPPED)
    for n in range(40):
        assert shares(version, page(KINDS[n % 2])) == pytest.approx(expected[n % 2])


def test_a_popularity_is_read_as_it_is_whichever_stood_at_its_place_in_memory():
    surface, version = page(KINDS[0]), load_version(SHIPPED)
    alive = [used("b0"), used("b2")]
    expected = [shares(load_version(SHIPPED), surface, popularity) for popularity in alive]
    assert expected[0] != pytest.approx(expected[1])

    for n in range(40):
        assert shares(version, surface, used(f"b{n % 2 * 2}")) == pytest.approx(expected[n % 2])


def test_a_popularity_is_read_as_of_the_day_that_is_asked_for():
    surface, version, popularity = page(KINDS[0]), load_version(SHIPPED), used("b0")
    days = (100, 130)
    expected = [shares(load_version(SHIPPED), surface, popularity, day) for day in days]
    assert expected[0] != pytest.approx(expected[1])
    assert [shares(version, surface, popularity, day) for day in days] == expected


@pytest.mark.parametrize(
    ("kinds", "is_known"),
    [
        (["forumng", "quiz", "mail"], True),
        (["forumng", "quiz", "mail", "chart"], False),  # half is not most
        (["mail", "chart", "news"], False),
    ],
)
def test_most_kinds_of_a_page_are_known_or_not(kinds, is_known):
    version, request = load_version(SHIPPED), Request(page(kinds), Profile(), Popularity(), 100)
    assert {"forumng", "quiz"} <= version.kinds.keys()
    found = version.read([request])[0]
    assert (found.is_guess, found.knows_kinds) == (True, is_known)
    assert [other.knows_kinds for other in version.decode(request, [(0,), (1,)])] == [is_known] * 2
