"""Which block a page points to: only where the owner asked, the person is known, and it is sure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.emphasis import LEAST_SURE, LEAST_VISITS, expected
from uiengine.engine import decide
from uiengine.model.prediction import Prediction
from uiengine.model.version_folder import load_version
from uiengine.page.surface import to_json
from uiengine.page.surface_json import parse
from uiengine.request import Request

INNATE = Path(__file__).parents[2] / "fixtures" / "innate"
BLOCKS = ("news", "mail", "map")


@pytest.fixture(scope="module")
def innate():
    return load_version(INNATE)


def page(emphasis: str = "appear"):
    return parse(
        {
            "slug": "home",
            "row_height": 60,
            "breakpoints": [
                {"name": "wide", "min_width": 0, "columns": 12, "viewport_height": 800}
            ],
            "guardrails": {"emphasis": emphasis},
            "blocks": [{"id": b, "kind": b, "title": b} for b in BLOCKS],
        }
    )


def person(*visits: str) -> Profile:
    known = Profile()
    for day, block in enumerate(visits):
        fold_visit(known, 20_000 + day, {block}, BLOCKS)
    return known


def predicted(*demand: float, is_guess: bool = False) -> Prediction:
    share = np.array(demand) / sum(demand)
    sizes = np.ones(3, dtype=np.int64)
    return Prediction((0,), share, np.array(demand), share, share, share, sizes, 0, 0.0, is_guess)


def asked(profile: Profile, surface=None) -> Request:
    return Request(surface or page(), profile, Popularity(), 20_010)


def test_a_trained_version_points_to_the_most_probable_block():
    found = expected(asked(person("news", "news", "news")), predicted(0.2, 0.7, 0.6))
    assert (found.block, found.probability) == ("mail", 0.7)


def test_an_untrained_version_is_not_believed_but_the_persons_own_visits_are():
    """mail in three of four visits; the network says map."""
    request = asked(person("mail", "mail", "news", "mail"))
    found = expected(request, predicted(0.1, 0.1, 0.9, is_guess=True))
    assert found.block == "mail" and found.probability == pytest.approx(0.75, abs=0.02)


def test_nothing_where_the_owner_did_not_ask():
    request = asked(person("news", "news", "news"), page("none"))
    assert expected(request, predicted(0.9, 0.1, 0.1)) is None


@given(st.lists(st.sampled_from(BLOCKS), max_size=6), st.tuples(*[st.floats(0.01, 1)] * 3))
def test_points_exactly_where_it_is_sure_and_the_person_known(visits, demand):
    found = expected(asked(person(*visits)), predicted(*demand))
    is_sure = max(demand) >= LEAST_SURE and len(visits) >= LEAST_VISITS
    assert (found is not None) == is_sure
    if found:
        assert dict(zip(BLOCKS, demand, strict=True))[found.block] == max(demand)


def test_a_decision_carries_it_and_nothing_else_changes(innate):
    profile = person(*["mail"] * 5)
    plain = decide(asked(profile, page("none")), innate)
    pointing = decide(asked(profile, page("appear")), innate)
    assert plain.expected is None and pointing.expected.block == "mail"
    assert replace(pointing, expected=None) == plain


def test_a_frozen_page_points_to_nothing(innate):
    profile = person(*["mail"] * 5)
    profile.feedback.frozen = True
    assert decide(asked(profile), innate).expected is None


def test_the_setting_survives_its_json_and_a_wrong_one_is_named():
    assert parse(to_json(page("mark"))).guardrails.emphasis == "mark"
    assert "emphasis" not in to_json(page("none"))["guardrails"]
    with pytest.raises(Exception, match=r"guardrails.emphasis.*'blink'.*'appear', 'mark'"):
        page("blink")
