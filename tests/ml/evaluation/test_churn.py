"""Version churn: blocks that a candidate moves and the champion does not, counted by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ml.data.histories import page
from ml.evaluation import churn
from ml.evaluation.churn import PersonChurn, churn_each, churn_means, numbers_alike
from uiengine import engine
from uiengine.behaviour.popularity import Popularity, fold_day
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.model.codebook import Codebook
from uiengine.model.version_folder import load_version
from uiengine.request import Request

FOUR, TODAY = ("a", "b", "c", "d"), 100
PAGE = page("four", FOUR)
POPULARITY = fold_day(Popularity(), TODAY - 1, dict.fromkeys(FOUR, 1.0), 4)


class Stated:
    """A version that says what is shown to everybody; read by the fixture `shown`."""

    id = "stated"

    def __init__(self, order: str, **more: object) -> None:
        self.said = {"order": order, **more}

    def read(self, requests, *, bits=64):
        return [self.said] * len(requests)


def request_after(last: str, used: str = "a", sizes: bool = False) -> Request:
    """A person to whom `last` was shown at each visit; each letter of `used` is a visit's block."""
    profile = Profile()
    for number, block in enumerate(used):
        fold_visit(profile, TODAY - len(used) + number, block, tuple(last))
    surface = replace(PAGE, guardrails=replace(PAGE.guardrails, sizes=sizes))
    return Request(surface, profile, POPULARITY, TODAY, visit="now")


@pytest.fixture(scope="module")
def version():
    return load_version(Path(__file__).parents[3] / "fixtures" / "innate")


@pytest.fixture
def shown(monkeypatch):
    """Makes versions say orders outright: what `read` returns is what is shown."""

    def choose(request, stated, version_id):
        sizes = stated.get("sizes", {})
        layout = SimpleNamespace(order=tuple(stated["order"]), sizes=sizes)
        return SimpleNamespace(layout=layout, tokens=stated.get("tokens", ()))

    monkeypatch.setattr(churn.engine, "choose", choose)


@pytest.mark.parametrize(
    ("champion", "candidate", "moved", "elsewhere"),
    [
        ("abcd", "abcd", 0, 0),
        ("abcd", "dabc", 4, 0),
        ("abcd", "abdc", 2, 0),
        ("dabc", "abcd", 0, 0),  # the candidate leaves the page alone: it moves nothing
        ("bacd", "dabc", 2, 1),  # a: both to rank 1; b: to 0 and 2; c and d: the candidate alone
        ("dabc", "dabc", 0, 0),
    ],
)
def test_a_block_counts_that_the_candidate_moves_and_the_champion_does_not(
    shown, champion, candidate, moved, elsewhere
):
    """The page shown last was abcd."""
    found = churn_each([request_after("abcd")], Stated(champion), Stated(candidate))

    assert [(one.moved, one.elsewhere) for one in found] == [(moved, elsewhere)]


@pytest.mark.parametrize(
    ("is_on", "champion", "candidate", "resized"),
    [
        (True, {}, {}, 0),
        (True, {}, {"a": 2}, 1),
        (True, {"a": 2}, {"a": 2, "b": 0}, 1),
        (True, {"a": 0}, {"a": 2}, 1),
        (True, {"a": 2}, {}, 0),
        (False, {}, {"a": 2}, 0),
    ],
)
def test_resized_blocks_are_counted_where_the_page_changes_sizes(
    shown, is_on, champion, candidate, resized
):
    """All blocks had their default size."""
    versions = Stated("abcd", sizes=champion), Stated("abcd", sizes=candidate)

    [found] = churn_each([request_after("abcd", sizes=is_on)], *versions)

    assert found == PersonChurn(0, 0, resized, ())


def test_first_tokens_of_both_versions_are_told(shown):
    versions = Stated("abcd", tokens=(7, 1)), Stated("abcd", tokens=(9,))

    [found] = churn_each([request_after("abcd")], *versions)

    assert found.first == (7, 9)


def test_means_are_of_people_and_tokens_of_those_who_have_them():
    each = [PersonChurn(3, 0, 0, (7, 7)), PersonChurn(0, 2, 0, (7, 9)), PersonChurn(0, 0, 0, ())]

    assert churn_means(each) == {
        "people": 3,
        "moved": 1.0,
        "people_moved": 0.3333,
        "first_token_kept": 0.5,
    }
    assert churn_means([])["moved"] is None


def test_the_same_version_twice_moves_nobody(version):
    requests = [request_after("abcd", used) for used in ("a", "d", "cd", "bbbb", "dddddd")]

    found = churn_each(requests, version, version)

    assert {(one.moved, one.elsewhere, one.resized) for one in found} == {(0, 0, 0)}
    assert all(len(one.first) == 2 and one.first[0] == one.first[1] for one in found)


def test_decisions_of_the_engine_are_compared_in_full(version, monkeypatch):
    """Beside a champion that moves nothing, all moves of the candidate count."""
    requests = [request_after("abcd", used) for used in ("d", "dd", "dddddd", "ccccdddd")]
    made = [engine.decide(request, version).layout.order for request in requests]
    expected = [int(sum(np.array(order) != np.array(FOUR))) for order in made]
    assert any(expected)
    choose = engine.choose

    def still(request, prediction, name):
        if name != "still":
            return choose(request, prediction, name)
        return SimpleNamespace(layout=SimpleNamespace(order=FOUR, sizes={}), tokens=())

    monkeypatch.setattr(churn.engine, "choose", still)
    champion = SimpleNamespace(id="still", read=version.read)

    assert [one.moved for one in churn_each(requests, champion, version)] == expected


def test_who_froze_the_page_is_moved_by_no_version(version):
    request = request_after("abcd", "dddddd")
    request.profile.feedback.frozen = True

    assert churn_each([request], version, version) == [PersonChurn(0, 0, 0, ())]


def codebook(*codes: float) -> Codebook:
    return Codebook(np.array([[[c] for c in codes]], np.float32), (len(codes),), 1.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("candidate", "alike"),
    [
        ([0, 10, 20], {0, 1, 2}),
        ([1, 12, 19], {0, 1, 2}),
        ([10, 0, 20], {2}),
        ([0, 16, 20], {0, 2}),
        ([0, 10, 20, 30], {0, 1, 2}),
        ([0], {0}),
    ],
)
def test_a_number_means_the_same_where_its_code_is_nearest_to_its_old_one(candidate, alike):
    """The champion's codes are 0, 10 and 20."""
    assert numbers_alike(codebook(0, 10, 20), codebook(*candidate)) == alike


def test_numbers_of_latents_of_another_length_mean_nothing():
    other = Codebook(np.zeros((1, 3, 2), np.float32), (3,), 1.0, 1.0, 0.0)
    assert not numbers_alike(codebook(0, 10, 20), other)
