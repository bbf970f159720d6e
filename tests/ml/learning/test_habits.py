"""The weight of one's own past is learned from people who were drawn with a known one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ml.data.histories import visits_of
from ml.data.needs import people_with_needs
from ml.data.tables import check_visits
from ml.learning.building import build_examples
from ml.learning.habits import WEIGHTS, best_weight, past_shares
from ml.training.train import train_version
from tests.ml.conftest import SMALL
from uiengine.behaviour.profile import Profile, fold_visit, habit_at
from uiengine.errors import VersionError
from uiengine.model.version_folder import load_version
from uiengine.page.surface_json import parse

BANK = parse(json.loads(Path("fixtures/surfaces/bank.json").read_text()))


def drawn(weight: float, people: int = 1_500, visits: int = 20, blocks: int = 6):
    """People whose shares are Dirichlet around a common one with `weight` visits behind it."""
    rng = np.random.default_rng(3)
    common = np.array([0.3, 0.25, 0.2, 0.15, 0.07, 0.03])
    own = rng.dirichlet(weight * common, people)
    picks = np.array([rng.multinomial(1, p, visits) for p in own]).astype(float)
    habit = np.cumsum(picks, axis=1) - picks
    return (
        habit[:, 1:].reshape(-1, blocks),
        np.broadcast_to(common, (people * (visits - 1), blocks)),
        picks[:, 1:].reshape(-1, blocks),
    )


def likelihood(habit, expected, used, weight):
    shares = (habit + weight * expected) / (habit.sum(axis=1, keepdims=True) + weight)
    return (used * np.log(np.maximum(shares, 1e-3))).sum(axis=1).mean()


@pytest.mark.parametrize("weight", [2.0, 8.0, 20.0])
def test_it_is_the_smallest_weight_that_says_no_less_than_the_networks(weight):
    """1e9 visits of the networks' are the networks alone."""
    people = drawn(weight)
    alone = likelihood(*people, 1e9)

    found = best_weight(*people)

    assert found is not None and likelihood(*people, found) >= alone
    assert found <= weight
    assert all(likelihood(*people, w) < alone for w in WEIGHTS if w < found)


def test_people_who_differ_more_get_a_smaller_one():
    found = [best_weight(*drawn(weight)) for weight in (2.0, 8.0, 20.0)]

    assert found == sorted(found) and found[0] < found[-1]


def test_the_networks_alone_are_kept_where_the_past_tells_nothing_more():
    habit, expected, used = drawn(1e6)

    assert best_weight(habit, expected, used) is None
    assert best_weight(habit[:0], expected[:0], used[:0]) is None


def test_earlier_shares_are_those_that_profiles_keep():
    rows, _ = people_with_needs(BANK, 5, 12, 0)
    visits = visits_of(check_visits(rows, "needs")[0])
    examples = build_examples(visits, {"bank": BANK}, {}, {})

    found = past_shares(examples, torch.arange(len(examples)))

    profiles: dict[str, Profile] = {}
    for i, visit in enumerate(visits):
        profile = profiles.setdefault(visit.user, Profile())
        kept = [
            habit_at(profile.blocks[b], profile.visits) if b in profile.blocks else 0.0
            for b in BANK.index
        ]
        assert found[i] == pytest.approx(kept, abs=1e-6)
        fold_visit(profile, visit.day, visit.blocks)


def test_a_version_keeps_the_weight_of_a_grouped_page_and_refuses_another(tmp_path):
    rows, _ = people_with_needs(BANK, 12, 12, 0)
    visits, _ = check_visits(rows, "needs")
    quick = replace(SMALL, warm_epochs=1, code_epochs=1, codes=8)

    train_version(visits, tmp_path / "grouped", surfaces={"bank": BANK}, settings=quick)
    train_version(visits, tmp_path / "column", settings=quick)

    assert load_version(tmp_path / "grouped").own_visits["bank"] in WEIGHTS
    assert load_version(tmp_path / "column").own_visits == {}
    manifest = tmp_path / "grouped" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "own_visits": {"bank": 0}}))
    with pytest.raises(VersionError, match="own_visits"):
        load_version(tmp_path / "grouped")
