"""The answer to a wish names the rule that keeps a block from the rank asked for."""

from __future__ import annotations

import itertools

import pytest
from django.utils import translation

from tests.webapp.conftest import COURSE, Person
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)
IDS = [block["id"] for block in COURSE["blocks"]]
FIXED = IDS[0]
"""Pinned by the team, in this fixture."""


def saved(groups: list[str], members: dict[str, str], mode: str = "live"):
    blocks = [{**block, "group": members.get(block["id"], "")} for block in COURSE["blocks"]]
    return surface_save({**COURSE, "groups": groups, "blocks": blocks, "mode": mode})


@pytest.fixture
def grouped(page):
    """Three groups: the fixed block and four of `study`, three of `talk`, the rest in none."""
    rest = IDS[1:]
    members = {**dict.fromkeys(rest[:4], "study"), **dict.fromkeys(rest[4:7], "talk")}
    return saved(["study", "talk"], members)


def test_a_block_that_is_dragged_into_another_group_is_said_to_stay_in_its_own(owner, grouped):
    block = owner.layout()["order"][1]

    answer = owner.wish("move", block, rank=6)

    held = answer["held"]
    assert answer["order"].index(block) == held["rank"] == 4
    assert (held["block"], held["asked"], held["rule"]) == (block, 6, "group_order")
    title = answer["elements"][block]["title"]
    assert held["says"] == f"{title} stays in the group study, which has places 2 to 5."
    assert answer["why"][block] == held["says"]


def test_a_block_of_no_group_stays_below_the_groups(owner, grouped):
    block = owner.layout()["order"][-1]

    held = owner.wish("move", block, rank=2)["held"]

    assert held["rule"] == "group_order" and "is in no group" in held["says"]


def test_the_place_of_a_block_that_the_team_pinned_is_not_to_be_had(owner, page):
    order = owner.layout()["order"]

    held = owner.wish("move", order[3], rank=0)["held"]

    assert (order[0], held["rule"], held["rank"]) == (FIXED, "pinned_stay", 1)
    assert "cannot take the place of" in held["says"]


def test_a_wish_that_is_granted_holds_nothing(owner, page):
    order = owner.layout()["order"]

    assert owner.wish("move", order[4], rank=2)["held"] is None
    assert owner.wish("move", order[5], rank=999)["held"] is None  # as far down as there is
    assert owner.wish("undo")["held"] is None
    assert owner.wish("freeze", on=True)["held"] is None


def test_a_page_on_trial_says_that_it_stays(owner, page):
    saved([], {}, mode="dry_run")
    block = owner.layout()["order"][3]

    held = owner.wish("move", block, rank=1)["held"]

    assert held["rule"] == "dry_run" and "stays as it is" in held["says"]


def test_each_move_is_where_it_was_asked_for_or_held_by_a_rule(owner, grouped):
    """A block of each group to all ranks: what the answer says is what its order shows."""
    for block, rank in itertools.product(IDS[2:9:3], range(len(IDS))):
        answer = owner.wish("move", block, rank=rank)
        stands, held = answer["order"].index(block), answer["held"]
        assert (held is None) == (stands == rank)
        assert held is None or (held["rank"], held["asked"]) == (stands, rank)
        assert held is None or held["rule"] in ("group_order", "pinned_stay")


@pytest.mark.parametrize("language", ["de", "ar"])
def test_the_sentence_is_in_the_language_of_the_request(owner: Person, grouped, language):
    block = owner.layout()["order"][1]
    owner.client.defaults["HTTP_ACCEPT_LANGUAGE"] = language

    with translation.override(language):
        says = owner.wish("move", block, rank=6)["held"]["says"]

    assert "study" in says and "stays" not in says
