"""Served orders are of enough people, come with the version, and give the same each time."""

from __future__ import annotations

import json
import shutil

import pytest

from ml.books.served_orders import LEAST_PEOPLE, learn_served, sample_of
from ml.data.histories import pages, visits_of
from ml.evaluation.policies import policy
from ml.evaluation.replay import declared_orders, replay
from uiengine.model.version_folder import load_version


@pytest.fixture(scope="module")
def learned(version_folder, cohort, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served") / "v"
    shutil.copytree(version_folder, folder)
    return folder, learn_served(folder, cohort[0], pages([cohort[0]]))


def test_a_version_holds_what_it_served_to_five_people_or_more(learned, cohort):
    folder, version_id = learned
    version = load_version(folder)
    surfaces = pages([cohort[0]])
    decide = policy("engine", version, declared_orders(surfaces), 64, 0)
    shown: dict[tuple[str, ...], list[str]] = {}
    for line in replay(visits_of(cohort[0]), surfaces, declared_orders(surfaces), decide):
        shown.setdefault(tuple(box["id"] for box in line["layout"]), []).append(line["user"])
    expected = {o: len(users) for o, users in shown.items() if len(set(users)) >= LEAST_PEOPLE}

    assert version.id == version_id
    assert {row.order: row.visits for row in version.served["sim"]} == expected
    assert all(1 <= len(row.tokens) <= 8 for row in version.served["sim"])


def test_learning_again_gives_the_same_version(learned, cohort):
    folder, version_id = learned

    assert learn_served(folder, cohort[0], pages([cohort[0]])) == version_id


def test_the_card_stays_as_it_was(learned, version_folder):
    card = json.loads((learned[0] / "card.json").read_text())

    assert card == json.loads((version_folder / "card.json").read_text())


def test_a_sample_is_of_whole_people(cohort):
    visits = visits_of(cohort[0])
    people = sample_of(visits, 100)

    assert 4 <= len(people) <= 6  # of 20 visits each
    assert sum(visit.user in people for visit in visits) <= 100


def test_the_book_captures_nearly_what_the_engine_does(learned, cohort):
    from ml.evaluation.replay import captured_gain

    version = load_version(learned[0])
    surfaces, visits = pages([cohort[1]]), visits_of(cohort[1])
    defaults = declared_orders(surfaces)
    gains = {}
    for name in ("engine", "book"):
        decide = policy(name, version, defaults, 64, 0)
        lines = list(replay(visits, surfaces, defaults, decide))
        gains[name] = captured_gain(lines, visits)["sim"]["all"]
        if name == "book":
            assert all(len(line["tokens"]) <= 1 and line["side_bits"] == 0 for line in lines)
            assert {token for line in lines for token in line["tokens"]} <= set(range(256))

    assert gains["book"] >= 0.9 * gains["engine"]
